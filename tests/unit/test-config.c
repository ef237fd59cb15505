/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "config.h"
#include "tap.h"

static AlbefStatus
parse (const char *json, ModelConfig *config, AlbefError *error)
{
  config_init (config);
  return config_parse (json, strlen (json), "test", NULL, config, NULL, error);
}

int
main (void)
{
  AlbefError error = ALBEF_ERROR_INIT;
  ModelConfig config, again;
  uint32_t stated = 0;
  char path[4200];
  char *json;

  config_init (&config);
  config.kind = MODEL_NLVR2;
  tap_ok (config_bert_layers (&config) == 18, "/config/NLVR2 doubles its fusion layers");
  tap_ok (config_grounding_fusion_layer (&config) == 3, "/config/block 8 is fusion layer 3");
  config.temp = 0.015445864759385586;
  json = config_to_json (&config);
  config_init (&again);
  if (tap_ok (config_parse (json, strlen (json), "test", NULL, &again, NULL, &error) == ALBEF_OK, "/config/reads back"))
    {
      char *second = config_to_json (&again);

      tap_equal_text (second, json, "/config/what is written reads back unchanged");
      tap_ok (again.temp == config.temp, "/config/the temperature to the last bit");
      free (second);
    }
  free (json);

  snprintf (path, sizeof path, "%s/reference/public/config.json", getenv ("ALIDADE_TESTS"));
  config_init (&config);
  tap_ok (config_open (path, "mini", &config, &stated, &error) == ALBEF_OK && config.vision_width == 12 &&
          config.hidden_size == 18 && config.vision_mlp_width == 48 && (stated & CONFIG_STATED_TEXT_HEADS) != 0,
          "/config/an entry of a file of several");

  tap_ok (parse ("{\"image_res\": 100}", &config, &error) == ALBEF_ERROR_FORMAT &&
          strstr (error.message, "patch_size") != NULL && config.image_res == 384,
          "/config/a refused one changes nothing");
  tap_ok (parse ("{\"vision_heads\": 7}", &config, &error) == ALBEF_ERROR_FORMAT, "/config/heads must divide");
  tap_ok (parse ("{\"image_res\": \"x\"}", &config, &error) == ALBEF_ERROR_FORMAT, "/config/types are checked");
  tap_ok (parse ("{\"vision_width\": 1000000000}", &config, &error) == ALBEF_ERROR_FORMAT, "/config/sizes are bounded");
  tap_ok (parse ("{\"image_res\": 16384}", &config, &error) == ALBEF_ERROR_LIMIT, "/config/the grid is bounded");
  tap_ok (parse ("[1]", &config, &error) == ALBEF_ERROR_FORMAT, "/config/not an object");
  tap_ok (parse ("{", &config, &error) == ALBEF_ERROR_FORMAT, "/config/not JSON");
  tap_ok (config_open ("/nonexistent", NULL, &config, NULL, &error) == ALBEF_ERROR_FILE, "/config/no file");
  return tap_done ();
}
