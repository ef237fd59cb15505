/* SPDX-License-Identifier: MIT
 * The position table at other resolutions, against torch's. */
#include "error.h"
#include "pos-embed.h"
#include "tap.h"
#include "weights.h"

#include <stdlib.h>

int
main (void)
{
  char *path = mem_printf ("%s/reference/public/pos_embed.safetensors", getenv ("ALIDADE_TESTS"));
  static const struct
  {
    const char *name;
    int grid;
  } cases[] = { { "pos_embed_96", 6 }, { "pos_embed_48", 3 } };
  AlbefError error = ALBEF_ERROR_INIT;
  WeightSource *source = NULL;
  const float *in;

  tap_ok (weight_source_open (path, &source, &error) == ALBEF_OK, "/pos-embed/fixture");
  in = weight_source_map_f32 (source, weight_source_find (source, "pos_embed_in"));
  for (size_t i = 0; i < 2; i++)
    {
      const float *wanted = weight_source_map_f32 (source, weight_source_find (source, cases[i].name));
      float out[37 * 40];
      double worst = 0, largest = 0;

      pos_embed_interpolate (in, 4, out, cases[i].grid, 40);
      for (int k = 0; k < (cases[i].grid * cases[i].grid + 1) * 40; k++)
        {
          worst = fmax (worst, fabs (out[k] - wanted[k]));
          largest = fmax (largest, fabs (wanted[k]));
        }
      tap_ok (worst <= 1e-6 * largest, "/pos-embed/%s", cases[i].name);
      tap_note ("worst difference %.2g of %.2g", worst, largest);
    }
  {
    float out[17 * 40];

    pos_embed_interpolate (in, 4, out, 4, 40);
    tap_ok (memcmp (in, out, sizeof out) == 0, "/pos-embed/the same grid changes no bit");
  }
  weight_source_free (source);
  free (path);
  return tap_done ();
}
