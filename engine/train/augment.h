/* SPDX-License-Identifier: MIT
 * augment.h: the training transform of the official code: random resized crop (or resize), flip, RandAugment; then
 * normalisation. Every geometric step is also told as a matrix, so that regions move with the picture. */
#pragma once

#include "albef.h"
#include "random.h"
#include "region.h"

typedef enum
{
  AUGMENT_IDENTITY,
  AUGMENT_AUTO_CONTRAST,
  AUGMENT_EQUALIZE,
  AUGMENT_BRIGHTNESS,
  AUGMENT_SHARPNESS,
  AUGMENT_SHEAR_X,
  AUGMENT_SHEAR_Y,
  AUGMENT_TRANSLATE_X,
  AUGMENT_TRANSLATE_Y,
  AUGMENT_ROTATE,
  AUGMENT_N_OPS
} AugmentOp;

typedef struct
{
  double crop_min, crop_max; /* area of the random crop: 0.2-1 in pre-training, 0.5-1 in fine-tuning; both 0: no crop */
  double flip;               /* 0.5; 0: never */
  int n_ops;                 /* 2; 0: no RandAugment; at most MOTION_MAX_STEPS - 1 */
  int level;                 /* 7 of 10 */
  /* The official auto-contrast negates an unsigned byte, so that a channel without zeros turns white, and its
   * sharpness lets values beyond 0 .. 255 wrap. False: by the formula (as Pillow), true: exactly as published. */
  bool published_faults;
} AugmentRule;

extern const AugmentRule augment_none;      /* resize alone */
extern const AugmentRule augment_pretrain;  /* crop 0.2-1, flip, RandAugment (2, 7) */
extern const AugmentRule augment_finetune;  /* crop 0.5-1, flip, RandAugment (2, 7) */
extern const AugmentRule augment_grounding; /* no crop, flip, RandAugment (2, 7) */

/* What augment_picture did. */
typedef struct
{
  int crop_x, crop_y, crop_width, crop_height; /* in the picture */
  bool flipped;
  Motion motion; /* the picture's pixels to the output's */
} AugmentTrace;

/* Turns [height][width][3] into out, [resolution][resolution][3]: crop and resize (Pillow's bicubic), flip, ops.
 * Numbers come from `random`; as many are drawn with allow_flip false (a text speaks of left or right), the flip is
 * only not done. *trace may be NULL. False: no memory. */
bool augment_picture (const AugmentRule *rule, Random random, bool allow_flip, const uint8_t *pixels, int width,
                      int height, int resolution, uint8_t *out, AugmentTrace *trace);

/* One op on [height][width][3] in place, at `amount`: the factor of brightness and sharpness, the shear, the shift in
 * pixels, the degrees. scratch: as large as pixels. Returns what it does to coordinates. */
Affine augment_apply (AugmentOp op, double amount, bool published_faults, uint8_t *pixels, int width, int height,
                      uint8_t *scratch);

/* The amount of `op` at `level` of 10, before its sign. */
double augment_amount (AugmentOp op, int level);

/* Does the text hold left or right as a word? Such texts are never flipped (the official code flips them). */
bool text_names_side (const char *text);
