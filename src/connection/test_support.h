/* What the tests of connection share: shapes and settings of a line of JSON. */
#pragma once

#include "connection/private.h"

static inline json_t *
json_of (const char *text)
{
  g_autoptr (GError) error = NULL;
  json_t *json = json_parse (text, -1, &error);
  g_assert_no_error (error);
  return json;
}

/* A connection of this type, without values of the declaration's own. */
static inline ConnectionShape *
shape_of (const char *type)
{
  g_autoptr (json_t) declaration = json_pack ("{s:s, s:s}", "key", "C", "connection", type);
  return connection_shape_new (declaration);
}

static inline OAuthSettings *
settings_of (const char *type, const char *given_text, const char *options_text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ConnectionShape) shape = shape_of (type);
  g_autoptr (json_t) given = json_of (given_text);
  g_autoptr (json_t) options = json_of (options_text);
  g_autoptr (json_t) fields = connection_fields (shape, given);
  OAuthSettings *settings = oauth_settings_new (shape, fields, options, &error);
  g_assert_no_error (error);
  return settings;
}

static inline OAuthAnswer
answer_of (guint status, const char *content_type, GBytes *body)
{
  return (OAuthAnswer){ .status = status, .content_type = content_type, .body = body };
}

#define CODE_FIELDS                                                                                \
  "{\"authorizeUrl\": \"https://p.example/authorize\", \"tokenUrl\": "                             \
  "\"https://p.example/token\", \"scopes\": \"a b\", \"clientId\": \"id\", \"clientSecret\": "     \
  "\"hush-hush\"}"
#define CLIENT_FIELDS                                                                              \
  "{\"tokenUrl\": \"https://p.example/token\", \"scopes\": \"a b\", \"clientId\": \"id\", "        \
  "\"clientSecret\": \"hush-hush\"}"
