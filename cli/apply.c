/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Many entries from a file of JSON lines (SPEC 13.3). The file is read as a whole first: every line
 * is parsed and every key unlocked before anything is sent, so that a slip of the pen in line 900
 * costs nothing. Lines then go one after another over one connection, because a later one may refer
 * to an earlier one.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/apply_line.h"
#include "cli/duration.h"
#include "cli/files.h"
#include "cli/i18n.h"
#include "cli/nouns.h"
#include "cli/pin.h"
#include "cli/problem.h"
#include "cli/refusal.h"
#include "cli/session.h"

#define FILE_BYTES_MAX   ((size_t)512 << 20)
#define PROGRESS_LIVE_MS 200
#define PROGRESS_CALM_MS 10000

struct apply {
    struct ctl *ctl;
    struct keyring *ring;
    json_t *saved; /* name -> reference */
    const char *bytes, *end;
    size_t lines, done, applied, known;
    int64_t started_ms, told_ms;
};

/* --- Lines ------------------------------------------------------------------------------------ */

/* The next line that is not blank, parsed; NULL at the end (*number stays) or when malformed. */
static json_t *next_line(const struct apply *ap, const char **at, size_t *number, bool *malformed)
{
    json_error_t error;

    *malformed = false;
    while (*at < ap->end) {
        const char *start = *at, *stop = memchr(start, '\n', (size_t)(ap->end - start));
        size_t n = (size_t)((stop != NULL ? stop : ap->end) - start);
        *at = start + n + (stop != NULL ? 1 : 0);
        (*number)++;
        if (strspn(start, " \t\r\n") < n) {
            json_t *line = json_loadb(start, n, JSON_REJECT_DUPLICATES, &error);
            *malformed = !json_is_object(line);
            if (*malformed) {
                json_decref(line);
                fail(0, _("line %zu is no JSON object: %s"), *number, error.text);
                return NULL;
            }
            return line;
        }
    }
    return NULL;
}

/* Looks at every line and notes whose keys are needed. */
static int survey(struct apply *ap)
{
    char wrong[LINE_WRONG_SIZE];
    struct line_signers signers;
    const char *at = ap->bytes;
    size_t number = 0;
    bool malformed;
    json_t *line;

    while ((line = next_line(ap, &at, &number, &malformed)) != NULL) {
        bool ok = apply_line_signers(line, &signers, wrong);
        json_decref(line);
        if (!ok) {
            return fail(CTL_USAGE, _("line %zu: %s"), number, wrong);
        }
        for (size_t i = 0; i < signers.n; i++) {
            if (!keyring_need(ap->ring, &signers.v[i])) {
                return fail(CTL_FAILED, _("no memory"));
            }
        }
        ap->lines++;
    }
    return malformed ? CTL_USAGE : CTL_OK;
}

/* --- Progress --------------------------------------------------------------------------------- */

static void progress(struct apply *ap, bool last)
{
    bool live = isatty(STDERR_FILENO);
    int64_t now = now_ms(), spent = now - ap->started_ms;

    if (ap->ctl->quiet ||
        (!last && now - ap->told_ms < (live ? PROGRESS_LIVE_MS : PROGRESS_CALM_MS))) {
        return;
    }
    ap->told_ms = now;
    double rate = spent > 0 ? (double)ap->done * 1000.0 / (double)spent : 0;
    double left = rate > 0 ? (double)(ap->lines - ap->done) / rate : 0;
    fprintf(stderr, _("%sapplied %zu/%zu · %.0f/s · %.0f s left%s"), live ? "\r" : "", ap->done,
            ap->lines, rate, left, live && !last ? "  " : "\n");
}

/* --- Submitting ------------------------------------------------------------------------------- */

static int send_details(struct apply *ap, const struct apply_line *made)
{
    for (size_t i = 0; i < made->n_details; i++) {
        int rc = detail_put(ap->ctl, &made->details[i], made->ref);
        if (rc != CTL_OK) {
            return rc;
        }
    }
    return CTL_OK;
}

static int send_line(struct apply *ap, const struct apply_line *made, size_t number)
{
    struct reply reply;

    client_call(ap->ctl->client, "POST", "/v1/entries?inbox=no", NULL, "text/plain", made->note,
                made->note_len, &reply);
    long status = reply.status;
    int rc = CTL_OK;
    if (status != 200 && status != 201) {
        fail(0,
             ngettext("line %zu (%s) stops here; %zu line before it is in the log",
                      "line %zu (%s) stops here; %zu lines before it are in the log", ap->done),
             number, made->ref, ap->done);
        rc = reply_fail(ap->ctl, &reply);
        /* Whatever the reason: the text was refused, which is one thing to a script. */
        rc = status >= 400 && status < 500 ? CTL_FAILED : rc;
        rc = refusal_take(ap->ctl, reply.json, made->note, made->note_len, rc);
    } else {
        ap->applied += status == 201;
        ap->known += status == 200;
    }
    reply_free(&reply);
    return rc == CTL_OK ? send_details(ap, made) : rc;
}

static int apply_one(struct apply *ap, json_t *line, size_t number)
{
    const char *name = json_string_value(json_object_get(line, "save"));
    char wrong[LINE_WRONG_SIZE];
    struct apply_line made;
    int rc;

    if (!apply_line_make(&made, line, ap->saved, ap->ctl, ap->ring, now_ms(), wrong)) {
        rc = fail(CTL_FAILED,
                  ngettext("line %zu: %s; %zu line before it is in the log",
                           "line %zu: %s; %zu lines before it are in the log", ap->done),
                  number, wrong, ap->done);
    } else {
        rc = send_line(ap, &made, number);
    }
    if (rc == CTL_OK && name != NULL) {
        json_object_set_new(ap->saved, name, json_string(made.ref));
    }
    apply_line_free(&made);
    return rc;
}

static int submit(struct apply *ap)
{
    const char *at = ap->bytes;
    size_t number = 0;
    bool malformed;
    json_t *line;
    int rc = CTL_OK;

    ap->started_ms = ap->told_ms = now_ms();
    while (rc == CTL_OK && (line = next_line(ap, &at, &number, &malformed)) != NULL) {
        rc = apply_one(ap, line, number);
        json_decref(line);
        ap->done += rc == CTL_OK;
        progress(ap, false);
    }
    progress(ap, true);
    return rc;
}

/* The head at the end, signed by the log. */
static int summary(struct apply *ap)
{
    struct reply reply;
    struct log_head head;
    const char *why = "";

    int rc = get(ap->ctl, &reply, "/v1/checkpoint");
    const json_t *note = json_object_get(reply.json, "note");
    if (rc == CTL_OK && (!json_is_string(note) ||
                         !checkpoint_open(&head, json_string_value(note), json_string_length(note),
                                          ap->ctl->origin, &ap->ctl->log_key, &why))) {
        rc = fail(CTL_VERIFY, _("the checkpoint does not verify: %s"), why);
    }
    if (rc == CTL_OK) {
        json_t *o = json_pack("{s:I,s:I,s:O?,s:O?}", "applied", (json_int_t)ap->applied, "known",
                              (json_int_t)ap->known, "size", json_object_get(reply.json, "size"),
                              "root", json_object_get(reply.json, "root"));
        if (ap->ctl->json) {
            print_json(o);
        } else {
            printf(_("applied %zu, known before %zu; the log has %" PRIu64 " entries, root %s\n"),
                   ap->applied, ap->known, head.size,
                   json_string_value(json_object_get(reply.json, "root")));
        }
        json_decref(o);
    }
    reply_free(&reply);
    return rc;
}

static int apply(struct ctl *ctl, struct args *a)
{
    const char *path = args_pos(a, 0), *dir = args_required(a, "keys");
    struct apply ap = {.ctl = ctl};
    size_t n = 0;

    if (a->bad) {
        return CTL_USAGE;
    }
    char *bytes = read_whole_file(path, FILE_BYTES_MAX, &n);
    if (bytes == NULL) {
        return fail(CTL_NOT_FOUND, _("%s cannot be read: %s"), path, strerror(errno));
    }
    ap.bytes = bytes;
    ap.end = bytes + n;
    ap.ring = keyring_new(dir);
    ap.saved = json_object();
    int rc = ap.ring != NULL && ap.saved != NULL ? survey(&ap) : fail(CTL_FAILED, _("no memory"));
    rc = rc == CTL_OK ? network_open(ctl) : rc;
    rc = rc == CTL_OK ? keyring_unlock(ap.ring, ctl) : rc;
    rc = rc == CTL_OK ? submit(&ap) : rc;
    rc = rc == CTL_OK ? summary(&ap) : rc;
    keyring_free(ap.ring);
    json_decref(ap.saved);
    free(bytes);
    return rc;
}

static const struct opt apply_opts[] = {
    {"keys", "DIR", N_("the folder of the signers' keys, HANDLE.semkey"), false},
    {NULL, NULL, NULL, false},
};

const struct verb apply_verbs[] = {
    {NULL, "FILE|-", 1, 1, apply_opts, apply, N_("sign and submit the JSON lines of a file")},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
