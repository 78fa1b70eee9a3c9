// Decoding of JPEG and PNG. libjpeg and libpng leave a failed call by longjmp, which only C survives.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum {
  // The room for a message, its end included.
  ECIMAGE_MESSAGE_SIZE = 200,
  // The most pixels of a picture: 8192 x 8192, which as floats of three channels take 0.8 GB.
  ECIMAGE_PIXEL_LIMIT = 1 << 26,
};

// A decoded picture: rows from the top, pixels from the left, `channels` bytes each.
typedef struct {
  uint8_t *pixels;  // to be freed with ecimage_free
  int32_t width, height, channels;
} ecimage_picture;

// Both decode into 1 (luminance) or 3 (red, green, blue) channels of 8 bits, as TensorFlow's
// decode_image does: alpha is dropped, 16 bits lose their lower half, CMYK is multiplied out,
// rotation marks are ignored. They return 0 and leave a message if the file can't be decoded whole.
int ecimage_decode_jpeg(const uint8_t *bytes, size_t count, int channels, ecimage_picture *picture,
                        char *message);
int ecimage_decode_png(const uint8_t *bytes, size_t count, int channels, ecimage_picture *picture,
                       char *message);

void ecimage_free(ecimage_picture *picture);
