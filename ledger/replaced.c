/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "ledger/replaced.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/files.h"

/* In the file: one of these, then a struct hash or a struct refused, as they lie in memory. */
enum tag { TAG_ERASURE = 'e', TAG_REFUSAL = 'r' };

/* --- Reading, in the other process ------------------------------------------------------------ */

static bool write_erasure(void *file, const struct hash *key)
{
    return fputc(TAG_ERASURE, file) != EOF && fwrite(key, sizeof *key, 1, file) == 1;
}

static bool read_log(const char *dir, const char *origin, FILE *file)
{
    char path[PATH_MAX];
    struct store *store;
    struct store_reader *reader;
    uint64_t through = 0;
    bool all = false;
    if (!path_join(path, sizeof path, dir, "log") ||
        store_open(&store, path, STORE_READ_ONLY, 0) != STORE_OK)
        return false;
    if (store_reader_new(store, &reader) == STORE_OK) {
        struct kv *log = store_read(reader);
        all = log != NULL && node_erasures(origin, log, &through, write_erasure, file);
        if (log != NULL)
            store_read_end(reader);
        store_reader_free(reader);
    }
    store_close(store);
    return fflush(file) == 0 && all;
}

static bool read_side(const char *dir, FILE *file)
{
    char path[PATH_MAX];
    enum store_err code;
    struct refused *refused = calloc(1, sizeof *refused);
    enum refused_look look = REFUSED_UNKNOWN;
    struct side *side = refused != NULL && path_join(path, sizeof path, dir, "aux")
                            ? side_open_read_only(path, &code)
                            : NULL;
    if (side != NULL) {
        look = refused_walk(side, NULL, refused);
        while (look == REFUSED_THERE && fputc(TAG_REFUSAL, file) != EOF &&
               fwrite(refused, sizeof *refused, 1, file) == 1)
            look = refused_walk(side, &refused->ref, refused);
    }
    side_close(side);
    free(refused);
    return fflush(file) == 0 && look == REFUSED_ABSENT;
}

/* What one cannot give, the other may. */
static _Noreturn void read_all(const char *dir, const char *origin, FILE *file)
{
    bool log = read_log(dir, origin, file), side = read_side(dir, file);
    _exit(log && side ? 0 : 1);
}

FILE *replaced_read(const char *dir, const char *origin, bool *all)
{
    int status = -1;
    FILE *file = tmpfile();
    pid_t child = file != NULL ? fork() : -1;
    *all = false;
    if (child == 0)
        read_all(dir, origin, file);
    if (child > 0) {
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            continue;
        *all = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        rewind(file);
        return file;
    }
    if (file != NULL)
        fclose(file);
    return NULL;
}

/* --- Applying --------------------------------------------------------------------------------- */

static bool apply_erasure(FILE *file, struct node *node, uint64_t *erasures)
{
    struct hash key;
    if (fread(&key, sizeof key, 1, file) != 1)
        return true; /* the other process ended in the middle, and that is known */
    (*erasures)++;
    return side_erase_text(node->side, &key);
}

/* One by one: there are few, and each takes its inbox item along. */
static bool apply_refusal(FILE *file, struct node *node, struct refused *refused,
                          uint64_t *refusals)
{
    if (fread(refused, sizeof *refused, 1, file) != 1)
        return true;
    struct kv *kv = refused_begin(node->side);
    if (kv == NULL)
        return false;
    bool kept = refused_put(kv, refused);
    *refusals += kept;
    return refused_end(node->side, kv) && kept;
}

bool replaced_apply(FILE *file, struct node *node, uint64_t *erasures, uint64_t *refusals)
{
    struct refused *refused = calloc(1, sizeof *refused);
    bool ok = refused != NULL;
    *erasures = *refusals = 0;
    for (int tag; ok && (tag = fgetc(file)) != EOF;)
        ok = tag == TAG_ERASURE ? apply_erasure(file, node, erasures)
                                : apply_refusal(file, node, refused, refusals) && ok;
    free(refused);
    return ok && !ferror(file);
}
