/* SPDX-License-Identifier: MIT
 * The k largest in torch.topk's order, ties included; expected values are those of torch 2.3 on a processor. */
#include "top-k.h"

#include <string.h>

#include "tap.h"

/* Values as digits; indices as characters from '0' on, k of them. */
static const struct
{
  const char *values, *indices;
} cases[] = {
  { "41035", "403" },
  { "92051", "031" },
  { "00510", "230" },
  { "07124", "143" },
  { "20197", "340" },
  { "80225", "042" },
  { "41120", "031" },
  { "60203", "042" },
  { "00045", "432" },
  { "11273", "34" },
  { "11221", "23" },
  { "10010", "03" },
  { "5507", "3102" },
  { "2241", "2103" },
  { "4340", "0213" },
  { "023010", "214" },
  { "061229", "513" },
  { "000811", "354" },
  { "1590905", "2416" },
  { "0115250", "5341" },
  { "1703101", "1346" },
  { "22422", "24031" },
  { "16101", "14023" },
  { "80151", "03241" },
  { "51121053", "607" },
  { "31116266", "476" },
  { "20041111", "306" },
  { "00011058", "7" },
  { "10145610", "5" },
  { "51901010", "2" },
  { "000358110109", ";543" },
  { "200155471014", "745;" },
  { "242", "10" },
  { "111", "01" },
  { "232", "10" },
  { "24", "1" },
  { "12", "1" },
  { "34", "1" },
  { "41", "01" },
  { "25", "10" },
  { "05", "10" },
  { "0", "0" },
  { "1", "0" },
  { "1", "0" },
  { "13001013176208240142", "=9:B\?17C>" },
  { "91300110140084100019", "0C<9=21>B" },
  { "21063088121113480552", "67\?3BA>4=C90:;1<8" },
  { "00000101951160121321", "8<9AB\?:C@>;752341" },
  { "111200250320532072285222702311713", "CNH@<7DK=9P>J3GFEBA6:ML1O20\?;8" },
  { "220250120902422124110820014080011", "9LE4JA<=3701;>@F\?OC6BIP8:NM2GD" },
  { "001250115202227000076022450038501", "MC>D4NI8HL9F;<=3GP762JKO@\?15:ABE0" },
  { "031402013110000110901222512110005", "BPH3185GFEJI2DKL@\?:97MNO60>;<=CA4" },
  { "1261011957926221114000836045100593560002", "P7:F92SH<R8OKBJQG1;W=" },
  { "0171010153231029320060990031202901110100", "F\?OG2D8J@;9:L>NAQRSUK" },
  { "04214053250315002210172132212421200071912672354123", "VETZY=]691M4^\\H7;a2PNL[JIF`X@8AWU_3O<KGDB50QC\?>:RS" },
  { "11120314007507342101707930441500022092511421017063", "TGDF^=:`V;M7YJK\?Ha>5@UZ3RQXLC6201][AW<IBSEO\\4_NP89" },
  { "083244210411000305018141008404121243150010300510256102010170", "1JDjbUaA]45RM9KFZS2\?`3e6OQ7^E:CG;PigNTcX<" },
  { "320104522111008431102223121142272220181025240102227221011714", "U>iOb6Yk5L[\?G0@IF1EDM87QPNRXZ_`acd];:9gjh" },
  { "101114114100211214020020381011013120120405121211152101600144", "IfYakAj85WPH<bUF[C]\?RcT0Q\\`_^234Z" },
  { "005120223114412002001011111101719015010222115515422113205411", "PN2h\\]_Si`;<8eaYXWAb>f764ZjdRcUk^" },
};

int
main (void)
{
  float values[64], many[1000];
  int32_t best[64];
  bool in_order = true;

  for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++)
    {
      int64_t n = (int64_t) strlen (cases[c].values), k = (int64_t) strlen (cases[c].indices);
      char got[64] = "";

      for (int64_t i = 0; i < n; i++)
        values[i] = (float) (cases[c].values[i] - '0');
      top_k (values, n, k, best);
      for (int64_t i = 0; i < k; i++)
        got[i] = (char) ('0' + best[i]);
      tap_ok (strcmp (got, cases[c].indices) == 0, "/top k/%d of %s: %s", (int) k, cases[c].values, got);
    }
  /* Where torch takes a heap: the smaller index. */
  for (int i = 0; i < 1000; i++)
    many[i] = (float) (i * 7 % 10);
  top_k (many, 1000, 3, best);
  tap_ok (many[best[0]] == 9 && best[0] < best[1] && best[1] < best[2] && many[best[2]] == 9, "/top k/few of many");
  /* Sorted either way, all alike, and numbers that are none: nothing is lost, and the call comes back. */
  for (int form = 0; form < 4; form++)
    {
      bool seen[1000] = { false };
      int32_t order[1000];

      for (int i = 0; i < 1000; i++)
        many[i] = form == 0 ? (float) i : form == 1 ? (float) -i : form == 2 ? 1 : i % 3 == 0 ? NAN : (float) (i % 5);
      top_k (many, 1000, 1000, order);
      for (int i = 0; i < 1000; i++)
        {
          in_order = in_order && order[i] >= 0 && order[i] < 1000 && !seen[order[i]]
                     && (form == 3 || i == 0 || many[order[i - 1]] >= many[order[i]]);
          seen[order[i]] = true;
        }
      tap_ok (in_order, "/top k/all of 1000, form %d", form);
    }
  return tap_done ();
}
