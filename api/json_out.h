/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * JSON written straight into a buffer that grows, for answers that are asked for often and for long
 * ones: members come out in the order of the calls, compact. Commas are its business, the nesting
 * is the caller's. Names are plain words and are not escaped. Without memory it aborts, as
 * api/view.h does.
 */
#ifndef SEM_API_JSON_OUT_H
#define SEM_API_JSON_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policies/reciprocity.h"

/* Zero it before use; `bytes` is malloc's, not NUL-terminated, for reply_json_out() or free(). */
struct json_out {
    char *bytes;
    size_t n, room;
};

/* In an object `name` is the member's; in an array, and outermost, it is NULL. */
void json_open(struct json_out *out, const char *name, char bracket); /* '{' or '[' */
void json_shut(struct json_out *out, char bracket);                   /* '}' or ']' */
void json_int(struct json_out *out, const char *name, int64_t value);
void json_flag(struct json_out *out, const char *name, bool value);
void json_none(struct json_out *out, const char *name); /* null */
/* A ratio per mille, null when it is not known. */
void json_ratio(struct json_out *out, const char *name, struct ratio ratio);
/* UTF-8, which the caller vouches for. */
void json_text(struct json_out *out, const char *name, const char *text);
void json_text_n(struct json_out *out, const char *name, const char *text, size_t n);

/* Lower-case hex of at most 64 bytes. */
void json_hex(struct json_out *out, const char *name, const void *bytes, size_t n);
/* A value of jansson's; takes the reference. */
struct json_t;
void json_tree(struct json_out *out, const char *name, struct json_t *value);

#endif
