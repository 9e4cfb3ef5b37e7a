/* Cron texts and time zones, as far as a definition or a config value can be checked. When a
 * schedule is due is for the dispatcher to know. */
#pragma once

#include <glib.h>

/* NULL where it is five fields of cron (spec/triggers-and-flows.md, "Schedules"), or empty; else
 * what is wrong, static. */
const char *schedule_cron_problem (const char *text);
gboolean schedule_zone_exists (const char *zone); /* "" is UTC */
