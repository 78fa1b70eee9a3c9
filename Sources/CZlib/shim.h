#pragma once
#include <zlib.h>

/// Prepares to unpack zlib streams; `inflateInit` is a macro, which Swift can't see.
static inline int eczlib_start(z_stream *stream) { return inflateInit(stream); }
