/* The files by which a server and the commands of the same user on the same machine find each
 * other.
 *
 *   DATA/token        the API's token, one line, mode 0600, made once
 *   DATA/server.json  {url, pid, data} while the server runs, mode 0600
 *   a pointer         the same, for the server last started by this user:
 *                     $XDG_RUNTIME_DIR/tenon/server.json, or in the user's state folder
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/execution_id.h"
#include "base/json.h"
#include "cli/private.h"

#define TOKEN_BYTES 32
#define LEAST_TOKEN_CHARS 20

gboolean
data_folder_prepare (const char *data, GError **error)
{
  if (g_mkdir_with_parents (data, 0700) == 0)
    return TRUE;
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
               "the data folder %s can't be made: %s", data, g_strerror (errno));
  return FALSE;
}

/* --- the token --- */

static gboolean
check_token_file (const char *file, int fd, GError **error)
{
  struct stat about;
  if (fstat (fd, &about) != 0)
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s: %s", file,
                 g_strerror (errno));
  else if (!S_ISREG (about.st_mode))
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s is not a file", file);
  else if ((about.st_mode & 077) != 0)
    g_set_error (
        error, G_FILE_ERROR, G_FILE_ERROR_PERM,
        "%s holds the API's token and others may read it (mode %04o): run `chmod 600 %s`, and if "
        "somebody may have read it, remove the file for a new token",
        file, (guint) about.st_mode & 07777, file);
  else if (about.st_uid != geteuid ())
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_PERM,
                 "%s belongs to another user: run the server as the owner of its data folder",
                 file);
  else
    return TRUE;
  return FALSE;
}

static char *
read_token (const char *file, int fd, GError **error)
{
  char text[512];
  gssize n = read (fd, text, sizeof text - 1);
  if (n < 0)
    {
      g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s: %s", file,
                   g_strerror (errno));
      return NULL;
    }
  text[n] = '\0';
  g_strstrip (text);
  gsize length = strlen (text);
  if (length >= LEAST_TOKEN_CHARS
      && strspn (text, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-_.~+/=") == length)
    return g_strdup (text);
  g_set_error (
      error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
      "%s does not hold a token; remove it, and the server makes a new one at its next start",
      file);
  return NULL;
}

char *
token_load (const char *data, GError **error)
{
  g_autofree char *file = g_build_filename (data, "token", NULL);
  int fd = open (file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0)
    {
      g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s: %s", file,
                   g_strerror (errno));
      return NULL;
    }
  char *token = check_token_file (file, fd, error) ? read_token (file, fd, error) : NULL;
  close (fd);
  return token;
}

static char *
make_token (const char *data, GError **error)
{
  g_autofree char *file = g_build_filename (data, "token", NULL);
  g_autofree char *token = random_token (TOKEN_BYTES);
  g_autofree char *line = g_strconcat (token, "\n", NULL);
  /* Written beside and renamed: a kill in between leaves no half a token. */
  if (!g_file_set_contents_full (file, line, -1, G_FILE_SET_CONTENTS_DURABLE, 0600, error))
    return NULL;
  return g_steal_pointer (&token);
}

char *
token_load_or_make (const char *data, GError **error)
{
  g_autoptr (GError) problem = NULL;
  char *token = token_load (data, &problem);
  if (token != NULL)
    return token;
  if (g_error_matches (problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return make_token (data, error);
  g_propagate_error (error, g_steal_pointer (&problem));
  return NULL;
}

/* --- where the server is --- */

static char *
pointer_file (void)
{
  const char *runtime = g_getenv ("XDG_RUNTIME_DIR");
  if (runtime != NULL && *runtime == '/')
    return g_build_filename (runtime, "tenon", "server.json", NULL);
  return g_build_filename (g_get_user_state_dir (), "tenon", "server.json", NULL);
}

static gboolean
write_private (const char *file, const char *text, GError **error)
{
  return g_file_set_contents_full (file, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

static gboolean
write_pointer (const char *text, GError **error)
{
  g_autofree char *file = pointer_file ();
  g_autofree char *folder = g_path_get_dirname (file);
  if (g_mkdir_with_parents (folder, 0700) != 0)
    {
      g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s: %s", folder,
                   g_strerror (errno));
      return FALSE;
    }
  return write_private (file, text, error);
}

gboolean
server_files_write (const char *data, const char *url, GError **error)
{
  g_autofree char *whole = g_canonicalize_filename (data, NULL);
  g_autofree char *file = g_build_filename (whole, "server.json", NULL);
  g_autoptr (json_t) about
      = json_pack ("{s:s, s:I, s:s}", "url", url, "pid", (json_int_t) getpid (), "data", whole);
  g_autofree char *text = json_print (about);
  g_autoptr (GError) problem = NULL;
  if (!write_private (file, text, error))
    return FALSE;
  /* Without it clients have to be told the data folder: no reason not to start. */
  if (!write_pointer (text, &problem))
    g_message ("commands will not find this server without --data: %s", problem->message);
  return TRUE;
}

static json_t *
read_about (const char *file, GError **error)
{
  g_autofree char *text = NULL;
  gsize length;
  if (!g_file_get_contents (file, &text, &length, error))
    return NULL;
  g_autoptr (json_t) about = json_parse (text, (gssize) length, error);
  if (about == NULL)
    {
      g_prefix_error (error, "%s: ", file);
      return NULL;
    }
  if (json_get_string (about, "url") != NULL && json_get_string (about, "data") != NULL)
    return g_steal_pointer (&about);
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s says nothing of a server", file);
  return NULL;
}

static void
remove_if_ours (const char *file)
{
  g_autoptr (json_t) about = read_about (file, NULL);
  if (about != NULL && json_get_int (about, "pid", 0) == getpid ())
    g_unlink (file);
}

void
server_files_remove (const char *data)
{
  g_autofree char *pointer = pointer_file ();
  g_autofree char *file = g_build_filename (data, "server.json", NULL);
  remove_if_ours (pointer);
  remove_if_ours (file);
}

json_t *
server_files_read (const char *data, GError **error)
{
  g_autofree char *file
      = data == NULL ? pointer_file () : g_build_filename (data, "server.json", NULL);
  g_autoptr (GError) problem = NULL;
  g_autoptr (json_t) about = read_about (file, &problem);
  if (about == NULL && !g_error_matches (problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return NULL;
    }
  gint64 pid = json_get_int (about, "pid", 0);
  gboolean is_running = pid > 0 && (kill ((pid_t) pid, 0) == 0 || errno == EPERM);
  if (about != NULL && is_running)
    return g_steal_pointer (&about);
  g_set_error (
      error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
      "no server runs here%s%s; start one with `tenon serve --data DIR`, name its data folder "
      "with --data, or set TENON_SERVER and TENON_TOKEN for one elsewhere",
      data == NULL ? "" : " with the data folder ", data == NULL ? "" : data);
  return NULL;
}
