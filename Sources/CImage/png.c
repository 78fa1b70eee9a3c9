#include "cimage.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const uint8_t *bytes;
  size_t left;
} source;

static void take(png_structp codec, png_bytep target, png_size_t count) {
  source *s = png_get_io_ptr(codec);
  if (count > s->left) png_error(codec, "the file ends too early");
  memcpy(target, s->bytes, count);
  s->bytes += count;
  s->left -= count;
}

static void leave(png_structp codec, png_const_charp words) {
  snprintf(png_get_error_ptr(codec), ECIMAGE_MESSAGE_SIZE, "%s", words);
  png_longjmp(codec, 1);
}

static void ignore(png_structp codec, png_const_charp words) {
  (void)codec;
  (void)words;
}

// The transformations that TensorFlow asks for, in its order.
static void ask_for_bytes(png_structp codec, png_infop info, int channels) {
  int kind = png_get_color_type(codec, info);
  int depth = png_get_bit_depth(codec, info);
  if ((kind & PNG_COLOR_MASK_ALPHA) || png_get_valid(codec, info, PNG_INFO_tRNS)) {
    png_set_strip_alpha(codec);
  }
  if (depth > 8) png_set_strip_16(codec);
  png_set_packing(codec);
  if (kind == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(codec);
  int is_grey = !(kind & PNG_COLOR_MASK_COLOR);
  if (is_grey && depth < 8) png_set_expand_gray_1_2_4_to_8(codec);
  if (channels == 1 && !is_grey) png_set_rgb_to_gray(codec, 1, 0.299, 0.587);
  if (channels == 3 && is_grey) png_set_gray_to_rgb(codec);
}

int ecimage_decode_png(const uint8_t *bytes, size_t count, int channels, ecimage_picture *picture,
                       char *message) {
  memset(picture, 0, sizeof *picture);
  snprintf(message, ECIMAGE_MESSAGE_SIZE, "no memory for the decoder");
  png_structp codec = png_create_read_struct(PNG_LIBPNG_VER_STRING, message, leave, ignore);
  if (!codec) return 0;
  png_infop info = png_create_info_struct(codec);
  if (!info) {
    png_destroy_read_struct(&codec, NULL, NULL);
    return 0;
  }
  if (setjmp(png_jmpbuf(codec))) {
    png_destroy_read_struct(&codec, &info, NULL);
    ecimage_free(picture);
    return 0;
  }
  source from = {bytes, count};
  png_set_read_fn(codec, &from, take);
  png_read_info(codec, info);
  uint64_t width = png_get_image_width(codec, info);
  uint64_t height = png_get_image_height(codec, info);
  if (width * height > ECIMAGE_PIXEL_LIMIT) png_error(codec, "the picture has too many pixels");
  ask_for_bytes(codec, info, channels);
  int passes = png_set_interlace_handling(codec);
  png_read_update_info(codec, info);
  if (png_get_rowbytes(codec, info) != width * channels) png_error(codec, "an unknown kind of pixels");
  picture->width = (int32_t)width;
  picture->height = (int32_t)height;
  picture->channels = channels;
  // Passes of an interlaced picture add to what is there.
  picture->pixels = calloc(width * height, (size_t)channels);
  if (!picture->pixels) png_error(codec, "no memory for the pixels");
  for (int pass = 0; pass < passes; pass++) {
    for (uint64_t y = 0; y < height; y++) {
      png_read_row(codec, picture->pixels + y * width * channels, NULL);
    }
  }
  png_read_end(codec, NULL);
  png_destroy_read_struct(&codec, &info, NULL);
  return 1;
}
