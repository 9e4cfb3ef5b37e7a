#include "base/secret.h"

#include <errno.h>
#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

/* Begins the secret's own pages. */
struct SecretBytes
{
  guint refs;
  gsize size, mapped;
  guint8 bytes[];
};

void
secret_wipe (gpointer data, gsize length)
{
  if (length > 0)
    explicit_bzero (data, length);
}

void
secret_text_free (char *text)
{
  if (text != NULL)
    secret_wipe (text, strlen (text));
  g_free (text);
}

SecretBytes *
secret_bytes_new_empty (gsize length)
{
  gsize page = (gsize) sysconf (_SC_PAGESIZE);
  g_assert (length < G_MAXSIZE - sizeof (SecretBytes) - page);
  gsize mapped = (sizeof (SecretBytes) + length + 1 + page - 1) & ~(page - 1);
  SecretBytes *secret
      = mmap (NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (secret == MAP_FAILED)
    g_error ("no memory for a secret of %zu bytes: %s", length, g_strerror (errno));
  madvise (secret, mapped, MADV_DONTDUMP);
  madvise (secret, mapped, MADV_WIPEONFORK);
  mlock (secret, mapped); /* as far as the limit goes */
  secret->refs = 1;
  secret->size = length;
  secret->mapped = mapped;
  return secret;
}

SecretBytes *
secret_bytes_new (gconstpointer data, gsize length)
{
  SecretBytes *secret = secret_bytes_new_empty (length);
  if (length > 0)
    memcpy (secret->bytes, data, length);
  return secret;
}

SecretBytes *
secret_bytes_new_random (gsize length)
{
  SecretBytes *secret = secret_bytes_new_empty (length);
  for (gsize at = 0; at < length;)
    {
      ssize_t n = getrandom (secret->bytes + at, length - at, 0);
      if (n < 0 && errno != EINTR)
        g_error ("the kernel gives no random bytes: %s", g_strerror (errno));
      at += n < 0 ? 0 : (gsize) n;
    }
  return secret;
}

SecretBytes *
secret_bytes_ref (SecretBytes *secret)
{
  secret->refs++;
  return secret;
}

void
secret_bytes_unref (SecretBytes *secret)
{
  if (--secret->refs > 0)
    return;
  gsize mapped = secret->mapped;
  secret_wipe (secret, mapped);
  munmap (secret, mapped);
}

const guint8 *
secret_bytes_data (const SecretBytes *secret)
{
  return secret->bytes;
}

guint8 *
secret_bytes_writable (SecretBytes *secret)
{
  return secret->bytes;
}

gsize
secret_bytes_size (const SecretBytes *secret)
{
  return secret->size;
}

gboolean
secret_bytes_equal (const SecretBytes *a, const SecretBytes *b)
{
  guint8 difference = 0;
  if (a->size != b->size)
    return FALSE;
  for (gsize i = 0; i < a->size; i++)
    difference |= a->bytes[i] ^ b->bytes[i];
  return difference == 0;
}

static void
wiping_free (void *memory)
{
  if (memory != NULL)
    secret_wipe (memory, malloc_usable_size (memory));
  free (memory);
}

/* jansson grows its buffers by allocating anew, copying and freeing: there is no realloc that would
 * leave the old place behind unless it is given one. */
void
secret_wipe_json_memory (void)
{
  json_set_alloc_funcs (malloc, wiping_free);
}
