/* SPDX-License-Identifier: MIT */
#include "noun-words.h"

#include <string.h>

/* Lists are written as texts with a space around every word, and looked up in a table made once. */
static const struct
{
  WordClass class;
  const char *words;
} lists[] = {
  { WORD_DETERMINER, "a an the this that these those some any each every another no both either neither all" },
  { WORD_POSSESSIVE, "his her its their my our your" },
  { WORD_NUMBER, "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen twenty thirty forty fifty "
                 "hundred thousand dozen half" },
  { WORD_QUANTITY, "many several few multiple numerous various more most much other only first second third last" },
  { WORD_PREPOSITION, "in on at of to from with without by near beside besides between behind beneath under underneath above below "
                      "among amongst against along alongside across around through throughout into onto inside outside within "
                      "during for toward towards over past via like as while when where because if that which who whose whom than "
                      "there here then beyond atop upon amid amidst opposite till until before after since about next not what "
                      "how why whether so despite per except aboard" },
  { WORD_PARTICLE, "up down off out away back together apart forward forwards backward backwards ahead aside home" },
  { WORD_CONJUNCTION, "and or but nor & plus" },
  { WORD_PRONOUN, "he she it they him them i we you me us himself herself itself themselves himself someone somebody something "
                  "anyone anything everyone everything nothing none nobody ones who each-other theirs hers ours mine" },
  { WORD_AUXILIARY, "is are was were be been being am has have had having do does did can could will would may might must should "
                    "appears appear seems seem gets get got getting" },
  { WORD_ADVERB, "very quite really too also just still already almost nearly together alone outdoors indoors outside inside "
                 "nearby overhead upside downstairs upstairs downhill uphill somewhere everywhere away again once twice ever never "
                 "always sometimes often now soon today tonight side-by-side instead upright upwards downwards sideways asleep awake "
                 "ajar aloft afloat ashore apart mid-air midair barefoot" },
  { WORD_ADJECTIVE,
    "red green blue yellow orange black white brown gray grey pink purple golden silver tan beige blond blonde brunette dark light "
    "bright pale big small large little tiny huge tall short long wide narrow thin thick fat heavy young old elderly new older "
    "younger middle-aged adult male female happy sad angry wet dry dirty clean empty full open closed hot cold warm cool fresh "
    "ripe raw fried baked grilled sliced wooden metal plastic leather woolen stone concrete brick rocky sandy snowy grassy muddy "
    "rainy sunny cloudy foggy icy dusty misty busy crowded quiet calm rough smooth soft hard sharp round square flat steep deep "
    "shallow low high lower upper colorful colourful striped plaid checkered floral plain fancy formal casual modern ancient "
    "antique vintage rusty shiny messy cluttered neat cute pretty beautiful handsome bearded shirtless barefoot bald furry fluffy "
    "hairy curly asian african american chinese indian japanese european english french italian mexican german british "
    "traditional professional commercial public private urban rural tropical wild domestic wicker several same different similar "
    "similar single double triple main front rear left right top bottom middle nearest opposite whole entire stuffed stained "
    "decorative ornate elegant stylish curious playful lazy tired sleepy hungry thirsty fierce gentle strong weak fast slow "
    "quick early late real fake electric electronic digital mobile portable stainless frozen broken worn torn woven drawn blown "
    "bare naked lone lonely solitary blurry blurred dim bright-colored multicolored multi-colored overweight pregnant homeless "
    "leafy bushy spotted lush dense sparse vast distant remote local outdoor indoor snowy windy stormy athletic famous "
    "delicious tasty sweet sour spicy crispy juicy healthy fluorescent neon giant enormous massive miniature medium average "
    "huge gigantic loose tight matching identical" },
  { WORD_VERB,
    "holds hold held wears wear wore rides rode sits sit sat stands stood leans lean looks walks throws throw threw catches "
    "hits eats eat ate drinks drives drove flies flew swims swam carries carry pushes pulls hangs hang lies lay lays laid reads "
    "writes write wrote sings sing sang speaks speak talks listens listen waits goes go went gone comes come came takes take took "
    "gives give gave makes make made says say said sees see saw seen shows throws puts put brings bring brought lets let keeps keep "
    "kept tries try tried stares gazes stare gaze poses performs perform practices practice prepares prepare leads lead "
    "follows follow chases examines serves sells sell sold pours pour licks lick crosses passes approaches approach enters enter "
    "leaves-from attempts attempt participates participate competes compete celebrates celebrate enjoys enjoy smiles laughs "
    "cheers cheer crouches crouch kneels kneel bends bend grazes graze climbs jumps leaps runs races skates surfs skis slides "
    "swings plays dances dance works watches kicks digs sleeps rests relaxes relax sews knits paints cuts chops cooks bakes "
    "cleans cleans wash washes brushes pets feeds feed rolls spins flips lifts raises raise reaches reach touches points tackles "
    "tackle dives dive floats glides sails docks lands travels moves move heads approaches drags drag grabs grab shakes throws "
    "kisses hugs hug wrestles wrestle fights gathers gather surrounds surround contains contain consists consist features "
    "includes include overlooks overlook faces hides hide peers peer peeks sniffs sniff barks chews bites eats begins begin starts "
    "stops tries wades rows steps strolls marches crawls hikes jogs bikes bounces hops perches splashes sprays blows shares share "
    "reveals displays uses use used helps help directs direct charges crashes builds build built becomes become sing trains "
    "waves lights demonstrates demonstrate conducts conduct admires admire inspects inspect repairs repair picks pick drops "
    "covers fills pose poses protrudes extends extend stretches stretch yawns yawn sketches juggles lectures teaches teach "
    "speeds poses paddles pedals balances strums drums" },
  { WORD_VERB_OR_NOUN,
    "walk ride jump run play look stand stands watch swing slide kick race dance work surf skate ski dig paint pet brush roll spin "
    "flip lift touch point dive float sail dock land travel head drink fly drive swim catch hit climb throw kiss fight bite "
    "start stop row step stroll march hike jog bike bounce hop perch splash spray blow display cover wave waves light train park "
    "fish cook bake chop clean talk smile laugh wait rest sleep swim pull push crash charge leaves drops steps rolls lights covers "
    "displays stops points drinks heads faces face shake pitch pitches" },
  { WORD_PARTICIPLE, "seen made held worn thrown taken given shown eaten driven ridden written broken cut set spread bent lit "
                     "caught kept built sold laid led found hung stuck tied made fed parked dressed shaped dug lined shorn" },
  { WORD_NOUN,
    "building ceiling clothing wedding string ring wing king evening morning painting railing parking living dining "
    "icing awning covering lighting thing spring stuffing topping toppings frosting drawing landing sibling earring pudding "
    "meeting skis christmas sing-along herring duckling swing-set bedding flooring paneling carving siding fencing surroundings belongings "
    "clothes glasses sunglasses pants shorts jeans stairs scissors bed sled shed seed weed reed breed speed shred moped hundred "
    "bobsled kneepads people men women children police bus grass dress glass canvas atlas tennis surfboard batter "
    "lettuce family butterfly belly jelly lily fly assembly trolley doily bully ally" },
};

static const char of_words[] = " group groups bunch bunches couple pair pairs crowd crowds herd herds flock flocks row rows pile piles stack "
  "stacks slice slices piece pieces cup cups glass glasses bowl bowls plate plates bottle bottles roll rolls team teams family "
  "families set sets number variety lot lots kind type types sort bag bags basket baskets box boxes bucket buckets can cans vase "
  "vases ball balls loaf loaves sheet sheets assortment collection selection line lines school pack packs mug mugs jar jars "
  "tray trays platter gang batch handful bouquet field fields bundle heap cluster one two three some many several most all each pitcher ";
static const char place_words[] = " front top middle back midst center centre ";
static const char after_gerund[] = " board boards machine machines pan pool pools bag bags cart carts pole poles boat boats room rooms lot lots "
  "meter meters table tables area suit suits stick sticks gear shoes goggles trunks ring cap net bench track trail path mat lane "
  "equipment wheel van game place ground grounds band station dress cream glove gloves ";
static const char no_plurals[] = " tennis christmas canvas atlas always gas chess bus ";
static const char irregular_plurals[] = " people men women children kids police feet teeth geese mice sheep fish cattle deer ";

static gboolean
listed (const char *list, const char *word)
{
  g_autofree char *key = g_strconcat (" ", word, " ", NULL);

  return strstr (list, key) != NULL;
}

static gpointer
make_table (gpointer unused)
{
  GHashTable *table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  (void) unused;
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      g_auto (GStrv) words = g_strsplit (lists[i].words, " ", -1);

      for (char **word = words; *word != NULL; word++)
        if (**word != '\0' && !g_hash_table_contains (table, *word))
          g_hash_table_insert (table, g_strdup (*word), GINT_TO_POINTER (lists[i].class + 1));
    }
  return table;
}

static gboolean
ends (const char *word, const char *ending, gsize least)
{
  return strlen (word) >= least && g_str_has_suffix (word, ending);
}

WordClass
noun_word_class (const char *word)
{
  static GOnce once = G_ONCE_INIT;
  GHashTable *table = g_once (&once, make_table, NULL);
  gpointer found = g_hash_table_lookup (table, word);

  if (found != NULL)
    return GPOINTER_TO_INT (found) - 1;
  if (g_ascii_isdigit (word[0]))
    return WORD_NUMBER;
  if (ends (word, "ing", 5))
    return WORD_GERUND;
  if (ends (word, "eed", 4))
    return WORD_NOUN;
  if (ends (word, "ed", 4))
    return WORD_PARTICIPLE;
  if (ends (word, "ly", 5))
    return WORD_ADVERB;
  if (ends (word, "ful", 6) || ends (word, "ous", 5) || ends (word, "less", 6) || ends (word, "ish", 6) || ends (word, "able", 7) ||
      ends (word, "ible", 7) || ends (word, "ical", 6) || ends (word, "ive", 6) || ends (word, "ern", 7) || ends (word, "est", 7))
    return WORD_ADJECTIVE;
  return WORD_NOUN;
}

gboolean
noun_word_holds_of (const char *word)
{
  return listed (of_words, word);
}

gboolean
noun_word_is_place (const char *word)
{
  return listed (place_words, word);
}

gboolean
noun_word_follows_gerund (const char *word)
{
  return listed (after_gerund, word);
}

gboolean
noun_word_is_plural (const char *word)
{
  return listed (irregular_plurals, word) || (g_str_has_suffix (word, "s") && !g_str_has_suffix (word, "ss") &&
                                              !g_str_has_suffix (word, "us") && !listed (no_plurals, word));
}
