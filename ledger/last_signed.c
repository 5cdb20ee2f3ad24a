/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/last_signed.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/text.h"
#include "ledger/files.h"
#include "ledger/journal.h"

/* "<size> <root>", spaces up to the same length whatever the size, and a line feed. */
#define LAST_SIGNED_LEN (20 + 1 + HEX_LEN(HASH_BYTES) + 1)

static bool parse(const char *text, size_t n, struct log_head *out)
{
    if (n == 0 || text[n - 1] != '\n' || memchr(text, '\n', n) != &text[n - 1])
        return false;
    const char *space = memchr(text, ' ', n);
    if (space == NULL)
        return false;
    n--;
    while (text[n - 1] == ' ' && &text[n - 1] > space)
        n--;
    size_t digits = (size_t)(space - text);
    return decimal_parse(&out->size, text, digits) &&
           hex_decode(out->root.b, HASH_BYTES, space + 1, n - digits - 1);
}

enum last_signed last_signed_read(const char *dir, struct log_head *out)
{
    char text[LAST_SIGNED_LEN + 1];
    size_t n;
    errno = 0;
    if (!file_read(dir, "last-signed", text, sizeof text, &n)) {
        if (errno == ENOENT)
            return LAST_SIGNED_NONE;
        return errno == EFBIG ? LAST_SIGNED_MALFORMED : LAST_SIGNED_IO;
    }
    return parse(text, n, out) ? LAST_SIGNED_OK : LAST_SIGNED_MALFORMED;
}

bool last_signed_write(const char *dir, const struct log_head *head)
{
    char root[HEX_SIZE(HASH_BYTES)], line[LAST_SIGNED_LEN], text[LAST_SIGNED_LEN + 1];
    hex_encode(root, head->root.b, HASH_BYTES);
    snprintf(line, sizeof line, "%" PRIu64 " %s", head->size, root);
    int n = snprintf(text, sizeof text, "%-*s\n", (int)sizeof line - 1, line);
    assert(n == LAST_SIGNED_LEN);
    return file_overwrite(dir, "last-signed", 0644, text, (size_t)n);
}

struct found {
    enum last_signed result;
    struct log_head head;
    bool has_journal;
    uint64_t journal_size;  /* of its largest head; 0: none */
    uint64_t journal_reach; /* how large a log of `size` leaves is with the journal's */
};

static void find(const char *dir, uint64_t size, struct found *out)
{
    struct journal_image image;
    struct log_head head;
    *out = (struct found){.journal_reach = size};
    out->result = last_signed_read(dir, &out->head);
    errno = 0;
    out->has_journal = journal_read(&image, dir);
    if (!out->has_journal) {
        out->result = errno == ENOENT ? out->result : LAST_SIGNED_IO;
        return;
    }
    out->journal_reach = journal_reach(&image, size);
    if (journal_head(&image, &head)) {
        out->journal_size = head.size;
        if (out->result == LAST_SIGNED_OK && head.size > out->head.size)
            out->head = head;
    }
    journal_image_free(&image);
}

enum last_signed last_signed_newest(const char *dir, struct log_head *out)
{
    struct found found;
    find(dir, 0, &found);
    *out = found.head;
    return found.result;
}

const char *last_signed_check(const char *dir, struct kv *kv, const struct log_head *head)
{
    struct found found;
    struct hash root;
    find(dir, head->size, &found);
    if (found.journal_reach > head->size)
        return "the journal has entries that the log could not take: make room and start again, "
               "or run semd rebuild";
    switch (found.result) {
    case LAST_SIGNED_OK:
        break;
    case LAST_SIGNED_NONE:
        return head->size == 0 && found.journal_size == 0
                   ? NULL
                   : "the file last-signed is missing: put it back, or write the size and root of "
                     "the last published checkpoint into it";
    case LAST_SIGNED_IO:
        return "the file last-signed, or the journal, cannot be read";
    case LAST_SIGNED_MALFORMED:
        return "the file last-signed is malformed: it holds the size and the root of the last "
               "published checkpoint";
    }
    if (found.head.size > head->size)
        return "the log is shorter than the last head it signed: restore a newer backup";
    if (!log_root_at(kv, found.head.size, &root) || !hash_equal(&root, &found.head.root))
        return "the log does not extend the last head it signed: restore the right backup";
    if (!found.has_journal)
        return "the file journal is missing, which may hold entries that were answered: put it "
               "back; make an empty one only if the server was stopped properly";
    return NULL;
}
