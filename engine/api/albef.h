/* SPDX-License-Identifier: MIT
 * albef.h: the public face of libalbef, an engine for ALBEF vision-language models
 * (Li et al., "Align before Fuse", 2021, arXiv 2107.07651).
 *
 * The header follows the data: engine, picture, model, text, maps, drawing.
 *
 *     AlbefError error = ALBEF_ERROR_INIT;
 *     AlbefEngine *engine = NULL;
 *     AlbefModel *model = NULL;
 *     AlbefImage *image = NULL;
 *     AlbefMaps *maps = NULL;
 *
 *     if (albef_engine_open (NULL, &engine, &error) == ALBEF_OK &&
 *         albef_model_open (engine, "model.safetensors", NULL, &model, &error) == ALBEF_OK &&
 *         albef_image_open ("dog.jpg", ALBEF_IMAGE_FOR_PEOPLE, &image, &error) == ALBEF_OK &&
 *         albef_maps_compute (model, image, "a dog left of a red gift", NULL, NULL, &maps, &error) == ALBEF_OK)
 *       printf ("match %.2f, %d words\n", albef_maps_match (maps), albef_maps_n_words (maps));
 *     else
 *       fprintf (stderr, "%s\n", error.message);
 *     albef_maps_free (maps);
 *     albef_image_free (image);
 *     albef_model_free (model);
 *     albef_engine_close (engine);
 *
 * Rules that hold everywhere:
 * - Functions that can fail return an AlbefStatus and fill `error` (which may be NULL) with a sentence
 *   that says what is wrong, where, and what to do. On failure every out-parameter is left NULL or
 *   unchanged, and what was usable before stays usable.
 * - Each `_open`, `_new` or `_compute` has its `_free` or `_close`, which accepts NULL. Pointers returned
 *   by getters are borrowed from their object and live as long as it does.
 * - One model may be used by one thread at a time; different models, images and queries are independent.
 *   An AlbefCancel may be triggered from any thread. Images are immutable once made.
 * - Text is UTF-8, spans are half-open byte ranges of the text that was given, never of a cleaned copy.
 * - Layers of the fusion encoder count from 1. Maps are row-major float32, [grid_height][grid_width].
 */
#ifndef ALBEF_H
#define ALBEF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define ALBEF_API __declspec (dllexport)
#else
#define ALBEF_API __attribute__ ((visibility ("default")))
#endif

/* ---------------------------------------------------------------------------------------------------
 * Status and errors
 */

typedef enum
{
  ALBEF_OK = 0,
  ALBEF_ERROR_ARGUMENT,    /* a value given by the caller cannot be used */
  ALBEF_ERROR_FILE,        /* a file cannot be opened, read or written */
  ALBEF_ERROR_FORMAT,      /* a file is damaged, or is not what it claims to be */
  ALBEF_ERROR_UNSUPPORTED, /* well-formed, but beyond what this build can do */
  ALBEF_ERROR_MISMATCH,    /* weights, vocabulary and configuration do not fit each other */
  ALBEF_ERROR_LIMIT,       /* larger than the limit that keeps memory bounded */
  ALBEF_ERROR_MEMORY,      /* no memory */
  ALBEF_ERROR_DEVICE,      /* the compute device is missing or failed */
  ALBEF_CANCELLED          /* the caller's AlbefCancel was triggered; not an error to show */
} AlbefStatus;

typedef struct
{
  AlbefStatus status;
  char message[1024]; /* UTF-8, NUL-terminated, one or two sentences */
} AlbefError;

#define ALBEF_ERROR_INIT { ALBEF_OK, "" }

/* Version of the library as "major.minor.patch". */
ALBEF_API const char *albef_version (void);

/* Cancellation from another thread. A running computation notices between layers. */
typedef struct AlbefCancel AlbefCancel;

ALBEF_API AlbefCancel *albef_cancel_new (void); /* never fails short of abort on no memory */
ALBEF_API void albef_cancel_trigger (AlbefCancel *cancel);
ALBEF_API bool albef_cancel_is_triggered (const AlbefCancel *cancel); /* NULL: false */
ALBEF_API void albef_cancel_free (AlbefCancel *cancel);

/* Progress of a long step: `done` of `total` in arbitrary units, `what` a short phrase ("packing layer 3").
 * Return false to cancel: the step then ends with ALBEF_CANCELLED. Called on the working thread. */
typedef bool (*AlbefProgress) (void *user_data, const char *what, uint64_t done, uint64_t total);

/* ---------------------------------------------------------------------------------------------------
 * Engine: a device, its threads and the per-image cache
 */

typedef struct AlbefEngine AlbefEngine;

typedef struct
{
  const char *device;     /* "auto" (NULL: same), "cpu", "cuda", or "reference" (the slow oracle) */
  int threads;            /* 0: what is measured to be fastest at start */
  uint64_t cache_bytes;   /* limit of the image cache; 0: 256 MiB */
} AlbefEngineConfig;

/* Opens a device. `config` may be NULL. "cuda" in a build or on a machine without it returns
 * ALBEF_ERROR_DEVICE with the reason; "auto" falls back to the CPU. */
ALBEF_API AlbefStatus albef_engine_open (const AlbefEngineConfig *config, AlbefEngine **engine, AlbefError *error);
ALBEF_API void albef_engine_close (AlbefEngine *engine); /* models must have been freed */

/* "cpu", "cuda" or "reference". */
ALBEF_API const char *albef_engine_device (const AlbefEngine *engine);
/* The arithmetic really used, e.g. "f32". */
ALBEF_API const char *albef_engine_precision (const AlbefEngine *engine);
/* One line for people: processor, instruction set, threads, library, and why that device was chosen. */
ALBEF_API const char *albef_engine_description (const AlbefEngine *engine);
ALBEF_API int albef_engine_threads (const AlbefEngine *engine);
/* Bytes now held by the image cache. */
ALBEF_API uint64_t albef_engine_cache_used (const AlbefEngine *engine);

/* ---------------------------------------------------------------------------------------------------
 * Pictures: PNG, JPEG, WebP (where built in), PPM
 */

typedef struct AlbefImage AlbefImage;

typedef enum
{
  ALBEF_IMAGE_STORED,     /* as the official code: PIL's convert('RGB'), alpha dropped, EXIF ignored */
  ALBEF_IMAGE_FOR_PEOPLE  /* alpha over white, turned upright by all 8 EXIF orientations */
} AlbefImageRule;

/* Decodes a file to 8-bit RGB. Refuses pictures above 200 megapixels (ALBEF_ERROR_LIMIT) before
 * allocating for them. A JPEG or PNG that ends early is an error that says how much was there. */
ALBEF_API AlbefStatus albef_image_open (const char *path, AlbefImageRule rule, AlbefImage **image, AlbefError *error);

/* As albef_image_open, but the result is at most about `max_side` pixels on its longer side (never enlarged;
 * JPEG uses the decoder's own scaling first, then an area-correct resize). For thumbnails and views. */
ALBEF_API AlbefStatus albef_image_open_scaled (const char *path, AlbefImageRule rule, int max_side,
                                               AlbefImage **image, AlbefError *error);

/* As albef_image_open from bytes in memory; `name` stands in messages. */
ALBEF_API AlbefStatus albef_image_from_bytes (const void *bytes, size_t length, const char *name,
                                              AlbefImageRule rule, AlbefImage **image, AlbefError *error);

/* Wraps 8-bit RGB pixels, [height][width][3], tightly packed; they are copied. */
ALBEF_API AlbefStatus albef_image_from_pixels (const uint8_t *rgb, int width, int height,
                                               AlbefImage **image, AlbefError *error);

/* Reads width, height and orientation from the header alone. Any out-parameter may be NULL. */
ALBEF_API AlbefStatus albef_image_probe (const char *path, int *stored_width, int *stored_height,
                                         int *orientation, AlbefError *error);

/* A new image at exactly width x height by Pillow's antialiased bicubic on 8-bit pixels. */
ALBEF_API AlbefStatus albef_image_resize (const AlbefImage *image, int width, int height,
                                          AlbefImage **resized, AlbefError *error);

ALBEF_API int albef_image_width (const AlbefImage *image);
ALBEF_API int albef_image_height (const AlbefImage *image);
ALBEF_API int albef_image_stored_width (const AlbefImage *image);  /* full size in the file's own grid */
ALBEF_API int albef_image_stored_height (const AlbefImage *image);
ALBEF_API int albef_image_orientation (const AlbefImage *image);   /* EXIF, 1-8; 1 when absent */
ALBEF_API const uint8_t *albef_image_pixels (const AlbefImage *image); /* [height][width][3] */
/* Content key: equal pixels and size give equal keys. Used by the image cache. */
ALBEF_API uint64_t albef_image_key (const AlbefImage *image);
ALBEF_API void albef_image_free (AlbefImage *image);

/* Writes an 8-bit RGB (channels 3) or RGBA (4) PNG atomically (beside, then renamed). `texts` holds
 * n_texts pairs keyword, text (2 n strings), written as iTXt/tEXt chunks; may be NULL. */
ALBEF_API AlbefStatus albef_png_write (const char *path, const uint8_t *pixels, int width, int height,
                                       int channels, const char *const *texts, int n_texts, AlbefError *error);

/* ---------------------------------------------------------------------------------------------------
 * Models and their files
 */

typedef struct AlbefModel AlbefModel;
typedef struct AlbefReport AlbefReport;

typedef struct
{
  const char *vocab;        /* vocab.txt for files that hold none; NULL: look beside the file */
  const char *config;       /* config.json likewise; NULL: look beside the file, else derive from shapes */
  int image_resolution;     /* pixels; 0: the model's own. Position embeddings are interpolated */
  bool allow_incomplete;    /* load although weights are missing; they stay zero and the report says so */
  bool keep_training;       /* converting: keep momentum twins and queues, which doubles the file; inference needs none */
  AlbefProgress progress;   /* may be NULL */
  void *progress_data;
} AlbefModelOptions;

/* Opens a native .safetensors or an official .pth. `options` may be NULL. On failure, *report_out (if
 * wanted, through albef_model_open_report) still describes the file. */
ALBEF_API AlbefStatus albef_model_open (AlbefEngine *engine, const char *path, const AlbefModelOptions *options,
                                        AlbefModel **model, AlbefError *error);
/* As albef_model_open; *report is set whenever the file could be read at all, also on failure.
 * The caller frees it. */
ALBEF_API AlbefStatus albef_model_open_report (AlbefEngine *engine, const char *path, const AlbefModelOptions *options,
                                               AlbefModel **model, AlbefReport **report, AlbefError *error);
ALBEF_API void albef_model_free (AlbefModel *model);
/* The momentum teacher in the file of `model`, a model of its own on the same engine, with its parts' own weights where the
 * file holds no teacher's. Free it with albef_model_twin_free, before `model`. ALBEF_ERROR_MISMATCH if there is none. */
ALBEF_API AlbefStatus albef_model_twin_open (AlbefModel *model, AlbefModel **twin, AlbefError *error);
ALBEF_API void albef_model_twin_free (AlbefModel *twin); /* accepts NULL */

typedef struct
{
  int image_resolution;    /* e.g. 384 */
  int patch_size;          /* 16 */
  int grid;                /* image_resolution / patch_size */
  int vision_layers;       /* 12 */
  int vision_width;        /* 768 */
  int vision_heads;        /* 12 */
  int text_layers;         /* 6: text encoder */
  int fusion_layers;       /* 6: multimodal encoder */
  int text_width;          /* 768 */
  int text_heads;          /* 12 */
  int vocab_size;          /* 30522 */
  int max_positions;       /* 512: most word pieces with [CLS] */
  int grounding_layer;     /* fusion layer from 1 whose maps localise best; 3 of 6 in the paper */
  uint64_t parameters;     /* without momentum twins and queues */
} AlbefModelInfo;

ALBEF_API void albef_model_info (const AlbefModel *model, AlbefModelInfo *info);
ALBEF_API const char *albef_model_name (const AlbefModel *model); /* e.g. "alidade-mini" */
ALBEF_API const char *albef_model_kind (const AlbefModel *model); /* "pretrain", "retrieval", "vqa", "ve", "nlvr2", "nlvr2-pretrain" */
ALBEF_API const char *albef_model_path (const AlbefModel *model);
ALBEF_API const char *albef_model_hash (const AlbefModel *model); /* hex SHA-256 of the file */
ALBEF_API const AlbefReport *albef_model_report (const AlbefModel *model);

/* Inspects a file without loading it for use. */
ALBEF_API AlbefStatus albef_report_open (const char *path, const char *vocab, const char *config,
                                         AlbefReport **report, AlbefError *error);

typedef enum
{
  ALBEF_REPORT_MATCHED,    /* needed by the model and found */
  ALBEF_REPORT_MISSING,    /* needed by the model, not in the file */
  ALBEF_REPORT_UNEXPECTED, /* in the file, not used by the model */
  ALBEF_REPORT_RESHAPED,   /* found, but interpolated (position table) */
  ALBEF_REPORT_MOMENTUM,   /* momentum twins and queues: known, not needed for inference */
  ALBEF_REPORT_OPAQUE,     /* objects outside the weights that were not rebuilt (never called) */
  ALBEF_REPORT_ASSUMED,    /* configuration values that were not stated in any file */
  ALBEF_REPORT_N_GROUPS
} AlbefReportGroup;

ALBEF_API bool albef_report_loadable (const AlbefReport *report); /* nothing missing, shapes fit, vocabulary fits */
ALBEF_API const char *albef_report_headline (const AlbefReport *report); /* e.g. "Not loaded: 12 weights are missing" */
ALBEF_API const char *albef_report_advice (const AlbefReport *report);   /* likely cause and what to do; "" if none */
ALBEF_API const char *albef_report_kind (const AlbefReport *report);
ALBEF_API const char *albef_report_summary (const AlbefReport *report);  /* e.g. "ALBEF, 12 + 6 + 6 layers" */
ALBEF_API const char *albef_report_self_test (const AlbefReport *report); /* "" if not run; else what it found */
ALBEF_API uint64_t albef_report_file_size (const AlbefReport *report);
ALBEF_API int albef_report_count (const AlbefReport *report, AlbefReportGroup group);
/* Name of entry `index` of a group, and (if wanted) its note: shape "2 x 768", or "position table 257 -> 577". NULL if there
 * is no such entry. */
ALBEF_API const char *albef_report_entry (const AlbefReport *report, AlbefReportGroup group, int index,
                                          const char **note);
/* The whole report: text for a terminal, or one JSON object. */
ALBEF_API const char *albef_report_text (const AlbefReport *report);
ALBEF_API const char *albef_report_json (const AlbefReport *report);
ALBEF_API void albef_report_free (AlbefReport *report);

/* Converts any readable checkpoint to one native file with configuration and vocabulary inside. Written
 * beside, synced, renamed: OUT is complete or untouched. `report` (may be NULL) as above. */
ALBEF_API AlbefStatus albef_checkpoint_convert (const char *in, const char *out, const AlbefModelOptions *options,
                                                AlbefReport **report, AlbefError *error);

/* Path of the embedded model and of the sample scenes, found in the build tree or where installed;
 * NULL if neither is there. ALIDADE_DATA_DIR overrides. */
ALBEF_API const char *albef_embedded_model_path (void);
ALBEF_API const char *albef_sample_scenes_path (void); /* the folder with scenes.json */

/* ---------------------------------------------------------------------------------------------------
 * Text: words and word pieces, each with its place in what was typed
 */

typedef struct AlbefQuery AlbefQuery;

typedef enum
{
  ALBEF_WORD_KNOWN,   /* at least one piece is in the vocabulary; with "-" or "/" others may be [UNK] */
  ALBEF_WORD_UNKNOWN, /* all of it became [UNK]: no map */
  ALBEF_WORD_CUT      /* beyond the word or piece limit: not seen by the model, no map */
} AlbefWordState;

typedef struct
{
  size_t start, end;    /* bytes of the typed text, without punctuation at the ends that the clean-up deletes */
  int first_piece;      /* index into the pieces ([CLS] is piece 0); -1 when cut */
  int n_pieces;
  AlbefWordState state;
  bool function_word;   /* article, preposition or conjunction of a closed English list */
} AlbefWord;

typedef struct
{
  size_t start, end;    /* bytes of the typed text; start == end for [CLS] */
  int id;               /* row of the vocabulary */
  const char *text;     /* e.g. "##ing"; may hold any bytes the vocabulary holds up to a NUL */
} AlbefPiece;

/* Cleans and tokenizes as the official code (pre_caption, then BERT WordPiece: [CLS] pieces, no [SEP]).
 * `max_words` 0: 30 as in fine-tuning and evaluation. Ill-formed bytes count as U+FFFD; only a text above 16 MB
 * (ALBEF_ERROR_LIMIT) or a negative limit is refused. An empty query has one piece, [CLS]. */
ALBEF_API AlbefStatus albef_query_new (const AlbefModel *model, const char *text, int max_words,
                                       AlbefQuery **query, AlbefError *error);
ALBEF_API int albef_query_n_words (const AlbefQuery *query); /* typed words that keep at least one piece, or were cut */
ALBEF_API const AlbefWord *albef_query_word (const AlbefQuery *query, int index);
ALBEF_API int albef_query_n_pieces (const AlbefQuery *query); /* with [CLS] */
ALBEF_API const AlbefPiece *albef_query_piece (const AlbefQuery *query, int index);
ALBEF_API const char *albef_query_cleaned (const AlbefQuery *query); /* after pre_caption */
ALBEF_API int albef_query_n_cut (const AlbefQuery *query); /* words beyond a limit, wholly or in part */
ALBEF_API void albef_query_free (AlbefQuery *query);

/* ---------------------------------------------------------------------------------------------------
 * Scores and maps
 */

typedef struct AlbefMaps AlbefMaps;

typedef enum
{
  ALBEF_METHOD_ITM_GRADCAM, /* cross-attention x max(gradient of the ITM score, 0) on a fusion layer */
  ALBEF_METHOD_ITC_GRADCAM, /* class-token row of an image-encoder layer x max(gradient of the ITC similarity, 0);
                               one map for the whole sentence, none per word */
} AlbefMethod;

typedef struct
{
  AlbefMethod method;
  int layer;       /* ITM: fusion layer from 1, 0: the grounding layer. ITC: image-encoder layer from 1, 0: the last */
  uint64_t heads;  /* bit h: head h takes part in the mean; 0: all */
  int max_words;   /* 0: 30 */
  bool score_only; /* no maps: forward pass alone */
} AlbefMapsRequest;

/* Scores the pair and computes one map per word from one forward and one backward pass of activations.
 * The image's tokens, keys and values are taken from the engine's cache or computed into it.
 * `request` NULL: the defaults. `cancel` may be NULL. Paper: section 5.1, Grad-CAM on cross-attention. */
ALBEF_API AlbefStatus albef_maps_compute (AlbefModel *model, const AlbefImage *image, const char *text,
                                          const AlbefMapsRequest *request, const AlbefCancel *cancel,
                                          AlbefMaps **maps, AlbefError *error);

/* Computes an image's tokens, keys and values into the cache, so that a later query is fast. */
ALBEF_API AlbefStatus albef_image_prepare (AlbefModel *model, const AlbefImage *image, const AlbefCancel *cancel,
                                           AlbefError *error);

ALBEF_API double albef_maps_match (const AlbefMaps *maps);       /* softmax of the ITM logits, class 1 */
ALBEF_API void albef_maps_itm_logits (const AlbefMaps *maps, float logits[2]); /* [no match, match] */
ALBEF_API double albef_maps_itc (const AlbefMaps *maps);         /* cosine of the projected features */
ALBEF_API const AlbefQuery *albef_maps_query (const AlbefMaps *maps);
ALBEF_API int albef_maps_layer (const AlbefMaps *maps);          /* layer used, from 1 */
ALBEF_API int albef_maps_n_heads (const AlbefMaps *maps);        /* heads of that layer */
ALBEF_API int albef_maps_grid_width (const AlbefMaps *maps);
ALBEF_API int albef_maps_grid_height (const AlbefMaps *maps);
ALBEF_API int albef_maps_n_words (const AlbefMaps *maps);        /* as the query's */

/* False where word maps are empty by construction (last fusion layer: only [CLS] feeds the ITM head; ITC
 * method; score_only). `reason` (may be NULL) gets a sentence to show. */
ALBEF_API bool albef_maps_has_word_maps (const AlbefMaps *maps, const char **reason);

/* Map of word `index`, mean over its pieces and the chosen heads; unscaled, >= 0. NULL for unknown or cut
 * words and where there are no word maps. */
ALBEF_API const float *albef_maps_word (const AlbefMaps *maps, int index);
/* Map of the whole sentence: mean over the real tokens, [CLS] included. NULL with score_only. */
ALBEF_API const float *albef_maps_sentence (const AlbefMaps *maps);
/* Map of one head for a word (index >= 0) or the sentence (-1). NULL as above. */
ALBEF_API const float *albef_maps_head (const AlbefMaps *maps, int index, int head);
/* Mean over all pieces of words first .. first + n - 1 into out[grid_height * grid_width]. Returns false and
 * zeros if none of them has a map. */
ALBEF_API bool albef_maps_phrase (const AlbefMaps *maps, int first, int n, float *out);
/* Peak of the word's map over the highest peak of any word of the sentence, 0..1; 0 without a map. */
ALBEF_API double albef_maps_strength (const AlbefMaps *maps, int index);
/* Highest value of any word's map: the 1.0 of a common scale. */
ALBEF_API double albef_maps_peak (const AlbefMaps *maps);
/* Share of the picture above half the map's own peak, 0..1, of any map of this grid. */
ALBEF_API double albef_map_spread (const float *map, int grid_width, int grid_height);
/* Seconds spent: on the image (about 0 when cached), in the text layers (likewise), and in the fusion layers forward
 * and backward. Any may be NULL. */
ALBEF_API void albef_maps_seconds (const AlbefMaps *maps, double *image, double *text, double *fusion);
ALBEF_API void albef_maps_free (AlbefMaps *maps);

/* ---------------------------------------------------------------------------------------------------
 * Drawing maps over pictures (no display needed)
 */

typedef enum
{
  ALBEF_COLOURS_VIRIDIS,
  ALBEF_COLOURS_MAGMA,
  ALBEF_COLOURS_TURBO,
  ALBEF_COLOURS_JET,  /* the paper's */
  ALBEF_COLOURS_GREY,
  ALBEF_N_COLOURS
} AlbefColours;

ALBEF_API const char *albef_colours_name (AlbefColours colours); /* "Viridis", ... */
/* Colour of value 0..1. */
ALBEF_API void albef_colours_lookup (AlbefColours colours, double value, uint8_t rgb[3]);

typedef struct
{
  AlbefColours colours;
  double opacity;   /* 0..1; 0.80 in the mockups */
  double threshold; /* 0..1 of `scale`; values below leave the picture untouched; 0.10 */
  double scale;     /* map value drawn as 1.0, e.g. albef_maps_peak() */
} AlbefOverlay;

/* Composes map over picture at the picture's resolution: the map is enlarged bicubically to the map
 * rectangle (x, y, width, height in output pixels, usually the whole picture; may lie partly outside), the
 * picture greys under it. With v = value / scale and t = threshold:
 * a = opacity * clamp ((v - t) / (1 - t), 0, 1)^0.8; grey share min (1, 1.4 a).
 * `pixels` in and `out` are 8-bit, `channels` 3 (RGB) or 4 (BGRA as Cairo's ARGB32 on little endian,
 * alpha kept); strides in bytes; `out` may equal `pixels`. Grid cells are centred (half-pixel). */
ALBEF_API void albef_overlay_compose (const uint8_t *pixels, int width, int height, int stride, int channels,
                                      const float *map, int grid_width, int grid_height,
                                      double map_x, double map_y, double map_width, double map_height,
                                      const AlbefOverlay *overlay, uint8_t *out, int out_stride);

/* Bicubic enlargement as torch's interpolate (a = -0.75, align_corners false): out[height * width]. */
ALBEF_API void albef_map_enlarge (const float *map, int grid_width, int grid_height, float *out, int width, int height);

#ifdef __cplusplus
}
#endif

#endif
