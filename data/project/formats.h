/* SPDX-License-Identifier: MIT
 * The formats that are there, each by its own file. */
#pragma once

#include "format.h"

G_BEGIN_DECLS

extern const Format format_albef;
extern const Format format_amc;
extern const Format format_coco;
extern const Format format_coco_captions;
extern const Format format_coco_results;
extern const Format format_cvat;
extern const Format format_flickr30k_entities;
extern const Format format_folder;
extern const Format format_label_studio;
extern const Format format_labelme;
extern const Format format_manifest;
extern const Format format_odvg;
extern const Format format_refcoco;
extern const Format format_visual_genome;
extern const Format format_voc;
extern const Format format_x_anylabeling;
extern const Format format_yolo;

G_END_DECLS
