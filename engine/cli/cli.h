/* SPDX-License-Identifier: MIT
 * cli.h: what the commands of `albef` share. Results go to standard output, everything else to standard
 * error. Exit codes: 0 done, 1 failed, 2 usage. */
#pragma once

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>

#include "albef.h"

enum
{
  CLI_DONE = 0,
  CLI_FAILED = 1,
  CLI_USAGE = 2
};

typedef struct
{
  const char *name;
  const char *summary;          /* one line for the list of commands */
  const char *usage;            /* the whole --help */
  int (*run) (int argc, char **argv); /* argv[0] is "albef" and the command's name */
} CliCommand;

extern const CliCommand command_bench, command_convert, command_eval, command_export, command_inspect, command_maps,
                        command_scenes, command_score, command_train;

/* Options every command that needs a model takes. */
typedef struct
{
  const char *model;   /* NULL: the embedded one */
  const char *vocab;   /* NULL: beside the model */
  const char *config;
  const char *device;  /* NULL: auto */
  int threads;
  int resolution;      /* 0: the model's */
  bool stored;         /* pictures as the official code decodes them */
  bool json;
  bool incomplete;     /* load although weights are missing */
} CliModelOptions;

/* getopt_long entries for them; keys from 1000. */
#define CLI_MODEL_OPTIONS                                                                                              \
  { "model", required_argument, NULL, 1000 }, { "vocab", required_argument, NULL, 1001 },                              \
  { "config", required_argument, NULL, 1002 }, { "device", required_argument, NULL, 1003 },                            \
  { "threads", required_argument, NULL, 1004 }, { "resolution", required_argument, NULL, 1005 },                       \
  { "stored", no_argument, NULL, 1006 }, { "json", no_argument, NULL, 1007 },                                          \
  { "load-incomplete", no_argument, NULL, 1008 }, { "help", no_argument, NULL, 'h' }

#define CLI_MODEL_HELP                                                                                                 \
  "      --model FILE       model (.safetensors or official .pth); default: the embedded one\n"                        \
  "      --vocab FILE       vocab.txt for a .pth; default: beside it\n"                                                \
  "      --config FILE      config.json for a .pth; default: beside it, else from shapes\n"                            \
  "      --resolution N     picture size in pixels; default: the model's own\n"                                       \
  "      --load-incomplete  load although weights are missing (they stay zero)\n"                                     \
  "      --device NAME      auto, cpu or cuda\n"                                                                       \
  "      --threads N        default: what is measured to be fastest\n"                                                \
  "      --stored           decode pictures as the official code does: alpha dropped, EXIF ignored\n"                 \
  "      --json             print one JSON object\n"

/* Takes option `key` with `argument` if it is one of the above. False if it is not. */
bool cli_model_option (CliModelOptions *options, int key, const char *argument);

/* Opens engine and model; prints the message and returns false on failure. */
bool cli_open (const CliModelOptions *options, AlbefEngine **engine, AlbefModel **model);
AlbefImage *cli_image (const CliModelOptions *options, const char *path);

/* Prints "albef: <message>" to standard error; returns CLI_FAILED. */
int cli_fail (const AlbefError *error);
/* Prints a usage mistake and where to look; returns CLI_USAGE. */
int cli_usage (const CliCommand *command, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

/* Prints an object and a newline, and releases it. */
void cli_print_json (json_t *object);

/* What every JSON answer says about how it was made: model, hash, device, precision, layer. */
json_t *cli_provenance (AlbefEngine *engine, AlbefModel *model);

/* A whole number from min to max; false if `text` is not one. */
bool cli_int (const char *text, int min, int max, int *value);

/* Words that were cut or are unknown, said on standard error. */
void cli_warn_words (const AlbefQuery *query, const char *text);

/* Any bytes as a JSON string: names of files and what was typed need not be UTF-8 (ill-formed parts become U+FFFD). */
json_t *cli_text (const char *bytes);
json_t *cli_text_n (const char *bytes, size_t length);

/* Usage mistake in an option that getopt_long returned as `key` (its own message is out already for '?'); names the
 * option and what it was given. Returns CLI_USAGE. */
int cli_bad_option (const CliCommand *command, const struct option *options, int key, const char *argument);

/* The command line as one string, for provenance; set by main. */
extern const char *cli_command_line;
