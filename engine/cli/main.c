/* SPDX-License-Identifier: MIT
 * albef: the engine's own command line. Needs no desktop. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "error.h"
#include "unicode.h"

const char *cli_command_line = "albef";

static const CliCommand *const commands[] = { &command_score, &command_maps,  &command_inspect,
                                              &command_convert, &command_eval, &command_export, &command_bench, &command_scenes,
                                              &command_train };

enum
{
  N_COMMANDS = sizeof commands / sizeof commands[0]
};

static void
print_help (FILE *file)
{
  fprintf (file, "Usage: albef COMMAND [ARGUMENTS]\n"
                 "\n"
                 "Scores sentences against pictures with an ALBEF model and shows where each word looks.\n"
                 "\n");
  for (int i = 0; i < N_COMMANDS; i++)
    fprintf (file, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
  fprintf (file, "\n"
                 "albef COMMAND --help explains a command; albef --version prints the version.\n"
                 "Exit status: 0 done, 1 failed, 2 usage.\n");
}

/* As a shell takes it: in single quotes what is more than plain letters, a quote inside as '\'' */
static void
put_quoted (FILE *out, const char *word)
{
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_";

  if (*word != 0 && word[strspn (word, plain)] == 0)
    {
      fputs (word, out);
      return;
    }
  fputc ('\'', out);
  for (; *word != 0; word++)
    if (*word == '\'')
      fputs ("'\\''", out);
    else
      fputc (*word, out);
  fputc ('\'', out);
}

/* The command line for provenance; well-formed UTF-8, whatever bytes were typed. */
static char *
join (int argc, char **argv)
{
  char *all = NULL, *repaired;
  size_t length;
  FILE *out = open_memstream (&all, &length);

  if (out == NULL)
    abort ();
  fputs ("albef", out);
  for (int i = 1; i < argc; i++)
    {
      fputc (' ', out);
      put_quoted (out, argv[i]);
    }
  if (fclose (out) != 0)
    abort ();
  repaired = utf8_repair (all, length);
  free (all);
  return repaired;
}

/* What was printed has to have arrived. */
static int
flushed (int result)
{
  if (fflush (stdout) == 0 && !ferror (stdout))
    return result;
  fprintf (stderr, "albef: cannot write to standard output\n");
  return CLI_FAILED;
}

int
main (int argc, char **argv)
{
  /* libgomp reads its waiting policy before main: spinning workers would steal the next program's core. */
  if (getenv ("OMP_WAIT_POLICY") == NULL && getenv ("ALBEF_RESTARTED") == NULL)
    {
      setenv ("OMP_WAIT_POLICY", "passive", 1);
      setenv ("ALBEF_RESTARTED", "1", 1);
      execv ("/proc/self/exe", argv);
      /* Where that cannot be done, spinning is only a waste. */
    }
  if (argc < 2)
    {
      print_help (stderr);
      return CLI_USAGE;
    }
  if (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0 || strcmp (argv[1], "help") == 0)
    {
      print_help (stdout);
      return flushed (CLI_DONE);
    }
  if (strcmp (argv[1], "--version") == 0)
    {
      printf ("albef %s\n", albef_version ());
      return flushed (CLI_DONE);
    }
  for (int i = 0; i < N_COMMANDS; i++)
    if (strcmp (argv[1], commands[i]->name) == 0)
      {
        char *line = join (argc, argv), *name = mem_printf ("albef %s", argv[1]);
        int result;

        cli_command_line = line;
        argv[1] = name; /* what getopt begins its messages with */
        result = commands[i]->run (argc - 1, argv + 1);
        free (name);
        free (line);
        return flushed (result);
      }
  fprintf (stderr, "albef: there is no command '%s'; 'albef --help' lists them\n", argv[1]);
  return CLI_USAGE;
}
