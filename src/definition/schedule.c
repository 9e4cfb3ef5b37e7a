#include "definition/schedule.h"

#include <string.h>

typedef struct
{
  guint least, most;
} CronField;

static const CronField cron_fields[] = { { 0, 59 }, { 0, 23 }, { 1, 31 }, { 1, 12 }, { 0, 7 } };

static gboolean
read_number (const char **p, const CronField *field, guint *number)
{
  gsize digits = strspn (*p, "0123456789");
  if (digits == 0 || digits > 4)
    return FALSE;
  *number = (guint) g_ascii_strtoull (*p, NULL, 10);
  *p += digits;
  return *number >= field->least && *number <= field->most;
}

/* Months and weekdays may be written as names: three letters. */
static gboolean
read_word (const char **p)
{
  gsize letters = 0;
  while (g_ascii_isalpha ((*p)[letters]))
    letters++;
  *p += letters;
  return letters == 3;
}

static gboolean
read_point (const char **p, const CronField *field, guint *number)
{
  if (g_ascii_isalpha (**p) && field->most < 13)
    {
      *number = 0;
      return read_word (p);
    }
  return read_number (p, field, number);
}

/* "*", "5", "8-16", each with "/2". */
static gboolean
read_range (const char **p, const CronField *field)
{
  guint from = 0, to = 0;
  if (**p == '*')
    (*p)++;
  else if (!read_point (p, field, &from))
    return FALSE;
  else if (**p == '-')
    {
      (*p)++;
      if (!read_point (p, field, &to) || (to != 0 && to < from))
        return FALSE;
    }
  if (**p != '/')
    return TRUE;
  (*p)++;
  gsize digits = strspn (*p, "0123456789");
  gboolean is_positive = digits > 0 && digits <= 4 && g_ascii_strtoull (*p, NULL, 10) > 0;
  *p += digits;
  return is_positive;
}

static gboolean
field_is_fit (const char *p, const CronField *field)
{
  while (read_range (&p, field))
    {
      if (*p == '\0')
        return TRUE;
      if (*p++ != ',')
        return FALSE;
    }
  return FALSE;
}

const char *
schedule_cron_problem (const char *text)
{
  static const char *const problems[]
      = { "the minutes (first field) of this cron text go wrong: 0-59",
          "the hours (second field) of this cron text go wrong: 0-23",
          "the days (third field) of this cron text go wrong: 1-31",
          "the months (fourth field) of this cron text go wrong: 1-12 or names",
          "the weekdays (fifth field) of this cron text go wrong: 0-7 or names" };
  g_auto (GStrv) words = g_strsplit_set (text, " \t", 64);
  guint n = 0;

  for (guint i = 0; words[i] != NULL; i++)
    {
      if (words[i][0] == '\0')
        continue;
      if (n < G_N_ELEMENTS (cron_fields) && !field_is_fit (words[i], &cron_fields[n]))
        return problems[n];
      n++;
    }
  if (n == 0 || n == G_N_ELEMENTS (cron_fields))
    return NULL;
  return "a cron text has five fields: minute, hour, day, month, weekday";
}

gboolean
schedule_zone_exists (const char *zone)
{
  if (*zone == '\0' || strcmp (zone, "UTC") == 0)
    return TRUE;
  /* GLib would look for a file of that name. */
  if (strstr (zone, "..") != NULL || *zone == '/' || strlen (zone) > 64)
    return FALSE;
  g_autoptr (GTimeZone) found = g_time_zone_new_identifier (zone);
  return found != NULL;
}
