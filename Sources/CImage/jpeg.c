#include "cimage.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

_Static_assert(ECIMAGE_MESSAGE_SIZE >= JMSG_LENGTH_MAX, "a message of libjpeg must fit");

typedef struct {
  struct jpeg_error_mgr base;  // first, so that libjpeg's pointer is one to this
  jmp_buf escape;
  char *message;
} failure;

static void leave(j_common_ptr codec) {
  failure *f = (failure *)codec->err;
  f->base.format_message(codec, f->message);
  longjmp(f->escape, 1);
}

// libjpeg fills missing parts with grey and only warns.
static void warn(j_common_ptr codec, int level) {
  if (level != -1) return;
  switch (codec->err->msg_code) {
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_JPEG_EOF:
      leave(codec);
  }
}

static void multiply_cmyk(const uint8_t *row, int width, int inverted, uint8_t *rgb) {
  for (int x = 0; x < width; x++) {
    int k = row[4 * x + 3];
    for (int c = 0; c < 3; c++) {
      int ink = row[4 * x + c];
      rgb[3 * x + c] = inverted ? k * ink / 255 : (255 - k) * (255 - ink) / 255;
    }
  }
}

static void read_rows(struct jpeg_decompress_struct *codec, ecimage_picture *picture) {
  int width = picture->width;
  if (codec->out_color_space != JCS_CMYK) {
    while (codec->output_scanline < codec->output_height) {
      JSAMPROW row = picture->pixels + (size_t)codec->output_scanline * width * picture->channels;
      jpeg_read_scanlines(codec, &row, 1);
    }
    return;
  }
  JSAMPARRAY inks = codec->mem->alloc_sarray((j_common_ptr)codec, JPOOL_IMAGE, width * 7, 1);
  uint8_t *rgb = inks[0] + (size_t)width * 4;
  while (codec->output_scanline < codec->output_height) {
    uint8_t *target =
        picture->pixels + (size_t)codec->output_scanline * width * picture->channels;
    jpeg_read_scanlines(codec, inks, 1);
    multiply_cmyk(inks[0], width, codec->saw_Adobe_marker, picture->channels == 3 ? target : rgb);
    if (picture->channels == 3) continue;
    for (int x = 0; x < width; x++) {
      target[x] = (299 * rgb[3 * x] + 587 * rgb[3 * x + 1] + 114 * rgb[3 * x + 2] + 500) / 1000;
    }
  }
}

int ecimage_decode_jpeg(const uint8_t *bytes, size_t count, int channels, ecimage_picture *picture,
                        char *message) {
  struct jpeg_decompress_struct codec;
  failure failure;
  memset(picture, 0, sizeof *picture);
  memset(&codec, 0, sizeof codec);
  codec.err = jpeg_std_error(&failure.base);
  failure.base.error_exit = leave;
  failure.base.emit_message = warn;
  failure.message = message;
  if (setjmp(failure.escape)) {
    jpeg_destroy_decompress(&codec);
    ecimage_free(picture);
    return 0;
  }
  jpeg_create_decompress(&codec);
  jpeg_mem_src(&codec, bytes, count);
  jpeg_read_header(&codec, TRUE);
  int is_cmyk = codec.jpeg_color_space == JCS_CMYK || codec.jpeg_color_space == JCS_YCCK;
  codec.out_color_space = is_cmyk ? JCS_CMYK : channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  // TensorFlow's choice, a level or so from the accurate transform.
  codec.dct_method = JDCT_IFAST;
  if ((uint64_t)codec.image_width * codec.image_height > ECIMAGE_PIXEL_LIMIT) {
    snprintf(message, ECIMAGE_MESSAGE_SIZE, "%u x %u pixels are too many", codec.image_width,
             codec.image_height);
    longjmp(failure.escape, 1);
  }
  picture->width = (int32_t)codec.image_width;
  picture->height = (int32_t)codec.image_height;
  picture->channels = channels;
  picture->pixels = malloc((size_t)codec.image_width * codec.image_height * channels);
  if (!picture->pixels) {
    snprintf(message, ECIMAGE_MESSAGE_SIZE, "no memory for the pixels");
    longjmp(failure.escape, 1);
  }
  jpeg_start_decompress(&codec);
  read_rows(&codec, picture);
  jpeg_finish_decompress(&codec);
  jpeg_destroy_decompress(&codec);
  return 1;
}

void ecimage_free(ecimage_picture *picture) {
  free(picture->pixels);
  picture->pixels = NULL;
}
