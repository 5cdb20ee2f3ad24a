/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/cosign.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "api/clock.h"
#include "api/cosign_peer.h"
#include "crypto/text.h"
#include "ledger/node.h"

/* How often the writer's head is looked at; the price of a round is far above it. */
#define BEAT_MS 100
/* At the start nobody waits longer than this for views. */
#define LOOK_MS 5000
/* A round whose quorum is met gives the others this long before the next one. */
#define LINGER_MS 1000
/* This often a witness may send us to another size before it counts as a failure. */
#define HINTS_MAX 3
/* Doubles with each failure. */
#define AGAIN_MS 1000
#define AGAIN_MS_MAX 60000

#define ROUND_NOTE_SIZE (CHECKPOINT_SIZE + POLICY_WITNESSES_MAX * PEER_LINE_SIZE)

static const char too_short[] =
    "a witness holds a longer log than ours: restore a newer backup";
static const char other_log[] =
    "a witness holds another log than ours: restore the right backup";

/* One head and the cosignatures it has so far. */
struct round {
    struct signed_head head;
    char note[ROUND_NOTE_SIZE]; /* the log's, and a line for each bit of the set */
    size_t n;
    uint64_t cosigned;
};

struct cosign {
    struct witness_policy *policy;
    struct node *node;
    struct writer *writer; /* NULL before the start */
    struct public_key log_key;
    struct store_reader *reader;
    CURLM *multi;
    struct peer peers[POLICY_WITNESSES_MAX]; /* those with a URL */
    size_t n_peers;
    const char *fork; /* the reason not to sign, once there is one */
    pthread_t thread;
    bool started;
    _Atomic bool stopping;

    bool under_way; /* a round has begun */
    struct round round;
    int64_t met_ms; /* monotonic, when the round met the quorum; 0: not yet */

    pthread_mutex_t lock; /* guards the three below, and answers and cosigned of the peers */
    bool shows;  /* `shown` holds something */
    struct round shown; /* while there is no quorum, the head of the last round, plain */
    uint64_t version;
};

/* --- Telling --------------------------------------------------------------------------------- */

/* Says it once, at the change. */
static void set_answers(struct cosign *c, struct peer *p, bool answers, const char *why)
{
    bool before;

    pthread_mutex_lock(&c->lock);
    before = p->answers;
    p->answers = answers;
    pthread_mutex_unlock(&c->lock);
    if (!answers && (before || p->failures == 0)) {
        fprintf(stderr, "semd: witness %s does not help: %s; it will be asked again\n",
                p->witness->name, why);
    } else if (answers && !before && p->failures > 0) {
        fprintf(stderr, "semd: witness %s answers again\n", p->witness->name);
    }
}

static void failed(struct cosign *c, struct peer *p, const char *why)
{
    int64_t wait = AGAIN_MS;

    set_answers(c, p, false, why);
    for (unsigned i = 0; i < p->failures && wait < AGAIN_MS_MAX; i++) {
        wait *= 2;
    }
    p->failures++;
    p->next_ms = writer_now_monotonic_ms() + (wait < AGAIN_MS_MAX ? wait : AGAIN_MS_MAX);
}

static void helped(struct cosign *c, struct peer *p)
{
    set_answers(c, p, true, "");
    p->failures = p->hints = 0;
    p->next_ms = 0;
}

/* --- What is shown --------------------------------------------------------------------------- */

static void show(struct cosign *c, const struct round *round)
{
    pthread_mutex_lock(&c->lock);
    c->shown = *round;
    c->shows = true;
    c->version++;
    pthread_mutex_unlock(&c->lock);
}

static bool is_met(const struct cosign *c, const struct round *round)
{
    return round->cosigned != 0 && witness_policy_met(c->policy, round->cosigned);
}

static void add_line(struct round *round, const struct peer *p, const char *line)
{
    size_t n = note_append_line(round->note, sizeof round->note, round->n, line);

    assert(n > 0 && !(round->cosigned & p->bit));
    round->n = n;
    round->cosigned |= p->bit;
}

static bool same_head(const struct log_head *a, const struct log_head *b)
{
    return a->size == b->size && hash_equal(&a->root, &b->root);
}

static void take_line(struct cosign *c, struct peer *p, const char *line)
{
    pthread_mutex_lock(&c->lock);
    if (p->cosigned < p->sent.head.size) {
        p->cosigned = p->sent.head.size;
    }
    /* One that comes after its round joins the others, when that head is still shown. */
    if (c->shows && is_met(c, &c->shown) && !(c->shown.cosigned & p->bit) &&
        same_head(&c->shown.head.head, &p->sent.head)) {
        add_line(&c->shown, p, line);
        c->version++;
    }
    pthread_mutex_unlock(&c->lock);
    if (!same_head(&c->round.head.head, &p->sent.head) || c->round.cosigned & p->bit) {
        return;
    }
    add_line(&c->round, p, line);
    if (c->met_ms == 0 && is_met(c, &c->round)) {
        c->met_ms = writer_now_monotonic_ms();
        show(c, &c->round);
    }
}

/* --- Views of the witnesses ------------------------------------------------------------------ */

/*
 * Gives the reason not to sign when our tree does not extend a head that our key has signed, else
 * NULL. False when the store cannot be read: nothing is known then.
 */
static bool compare(struct cosign *c, const struct log_head *theirs, const char **why)
{
    struct hash root;
    struct kv *kv = store_read(c->reader);
    bool ok;

    if (!kv) {
        return false;
    }
    *why = NULL;
    if (theirs->size > log_size(kv)) {
        *why = too_short;
    } else if (!log_root_at(kv, theirs->size, &root) || !hash_equal(&root, &theirs->root)) {
        *why = other_log;
    }
    ok = !kv_failed(kv);
    store_read_end(c->reader);
    return ok;
}

static void take_view(struct cosign *c, struct peer *p, const struct log_head *theirs)
{
    const char *why;

    if (!compare(c, theirs, &why)) {
        failed(c, p, "our store cannot be read");
        return;
    }
    if (why) {
        fprintf(stderr, "semd: witness %s has seen a head of %" PRIu64 " entries, signed by our "
                "key, that our log does not extend\n", p->witness->name, theirs->size);
        c->fork = why;
        if (c->writer) {
            writer_set_read_only(c->writer, why);
        }
        return;
    }
    p->known = true;
    p->held = theirs->size;
}

/* --- Answers --------------------------------------------------------------------------------- */

/*
 * It holds another size than we thought. Within our log that is what the next proof begins at; a
 * larger one is looked at, because it may be a head that we have forgotten.
 */
static void take_size(struct cosign *c, struct peer *p, uint64_t size)
{
    char why[64];

    if (size <= p->sent.head.size && p->held != size && p->hints++ < HINTS_MAX) {
        p->held = size;
        return;
    }
    p->hints = 0;
    p->known = false;
    snprintf(why, sizeof why, "it holds %" PRIu64 " entries", size);
    failed(c, p, why);
}

static void take_reply(struct cosign *c, struct peer *p, const struct peer_reply *reply)
{
    switch (reply->said) {
    case PEER_SAID_NOTHING:
        failed(c, p, reply->why);
        break;
    case PEER_SAID_UNSEEN:
        p->known = true; /* as far as it shows; what it holds it says with 409 */
        p->held = 0;
        break;
    case PEER_SAID_VIEW:
        take_view(c, p, &reply->head);
        break;
    case PEER_SAID_COSIGNED:
        p->held = p->sent.head.size;
        helped(c, p);
        take_line(c, p, reply->line);
        break;
    case PEER_SAID_SIZE:
        take_size(c, p, reply->head.size);
        break;
    case PEER_SAID_NO:
        p->known = false;
        failed(c, p, reply->why);
        break;
    }
}

/* Moves all transfers on, waiting at most that long for the net; deals with those that ended. */
static void drive(struct cosign *c, int wait_ms)
{
    struct peer_reply reply;
    struct peer *p;
    CURLMsg *message;
    CURLcode result;
    int n;

    curl_multi_perform(c->multi, &n);
    curl_multi_poll(c->multi, NULL, 0, wait_ms, NULL);
    curl_multi_perform(c->multi, &n);
    while ((message = curl_multi_info_read(c->multi, &n))) {
        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        result = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&p);
        curl_multi_remove_handle(c->multi, p->curl); /* frees the message */
        peer_finish(p, result, c->node->origin, &c->log_key, &reply);
        take_reply(c, p, &reply);
    }
}

/* --- Rounds ---------------------------------------------------------------------------------- */

static bool has_line(const struct cosign *c, const struct peer *p)
{
    return (c->round.cosigned & p->bit) != 0;
}

/* Somebody is being asked for this round, or about to be. */
static bool is_busy(const struct cosign *c, int64_t now)
{
    for (size_t i = 0; i < c->n_peers; i++) {
        const struct peer *p = &c->peers[i];
        bool can_help = !p->known || p->held <= c->round.head.head.size;

        if (!has_line(c, p) && can_help && (p->state != PEER_IDLE || now >= p->next_ms)) {
            return true;
        }
    }
    return false;
}

/* Takes the newest head when the round has got what it can get. */
static void next_round(struct cosign *c)
{
    int64_t now = writer_now_monotonic_ms();
    struct signed_head newest;

    writer_checkpoint(c->writer, &newest.head, newest.note, &newest.n);
    if (newest.n == 0 || (c->under_way && same_head(&newest.head, &c->round.head.head))) {
        return;
    }
    if (c->under_way && is_busy(c, now) && (c->met_ms == 0 || now - c->met_ms < LINGER_MS)) {
        return;
    }
    c->under_way = true;
    c->met_ms = 0;
    c->round.head = newest;
    c->round.cosigned = 0;
    memcpy(c->round.note, newest.note, newest.n + 1);
    c->round.n = newest.n;
    if (!c->shows || !is_met(c, &c->shown)) {
        show(c, &c->round);
    }
}

/* Starts what there is to ask a witness for. */
static void ask(struct cosign *c, struct peer *p)
{
    bool ready = false;

    if (p->state != PEER_IDLE || writer_now_monotonic_ms() < p->next_ms) {
        return;
    }
    if (!p->known) {
        ready = peer_ask_view(p, c->node->origin);
    } else if (!c->under_way || has_line(c, p) || p->held > c->round.head.head.size) {
        return;
    } else {
        struct kv *kv = store_read(c->reader);

        ready = kv && peer_add(p, &c->round.head, kv);
        if (kv) {
            store_read_end(c->reader);
        }
    }
    if (!ready) {
        failed(c, p, "no memory, or the store cannot be read");
    } else if (curl_multi_add_handle(c->multi, p->curl) != CURLM_OK) {
        p->state = PEER_IDLE;
        failed(c, p, "no memory");
    }
}

static void *run(void *arg)
{
    struct cosign *c = arg;

    while (!atomic_load(&c->stopping)) {
        next_round(c);
        for (size_t i = 0; i < c->n_peers && !c->fork; i++) {
            ask(c, &c->peers[i]);
        }
        drive(c, BEAT_MS);
    }
    return NULL;
}

/* Ends what is under way. */
static void give_up(struct cosign *c, struct peer *p)
{
    if (p->state != PEER_IDLE) {
        curl_multi_remove_handle(c->multi, p->curl);
        p->state = PEER_IDLE;
    }
}

const char *cosign_look(struct cosign *c, FILE *err)
{
    int64_t until = writer_now_monotonic_ms() + LOOK_MS;
    bool waiting = true;

    for (size_t i = 0; i < c->n_peers; i++) {
        ask(c, &c->peers[i]);
    }
    while (waiting && !c->fork && writer_now_monotonic_ms() < until) {
        drive(c, BEAT_MS);
        waiting = false;
        for (size_t i = 0; i < c->n_peers; i++) {
            waiting = waiting || c->peers[i].state != PEER_IDLE;
        }
    }
    for (size_t i = 0; i < c->n_peers; i++) {
        struct peer *p = &c->peers[i];

        give_up(c, p);
        if (!p->known && !c->fork) {
            fprintf(err, "semd: witness %s shows no view of our log: a head that it holds is not "
                    "looked at before we sign\n", p->witness->name);
        }
    }
    return c->fork;
}

/* --- For the handlers ------------------------------------------------------------------------ */

char *cosign_note(struct cosign *c, uint64_t newest, size_t *n, uint64_t *version)
{
    bool always = c->policy->quorum == POLICY_QUORUM_NONE;
    char *note = NULL;

    pthread_mutex_lock(&c->lock);
    *version = c->version;
    /* With a quorum of none the newest head is shown at once, with what it has by then. */
    if (c->shows && (!always || c->shown.head.head.size == newest)) {
        note = strdup(c->shown.note);
        *n = c->shown.n;
    }
    pthread_mutex_unlock(&c->lock);
    return note;
}

size_t cosign_witnesses(struct cosign *c, struct cosign_status out[], size_t max)
{
    size_t n = c->n_peers < max ? c->n_peers : max;

    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < n; i++) {
        out[i].name = c->peers[i].witness->name;
        out[i].size = c->peers[i].cosigned;
        out[i].answers = c->peers[i].answers;
    }
    pthread_mutex_unlock(&c->lock);
    return n;
}

uint64_t cosign_size(struct cosign *c, uint64_t *version)
{
    uint64_t size;

    pthread_mutex_lock(&c->lock);
    *version = c->version;
    size = c->shows && is_met(c, &c->shown) ? c->shown.head.head.size : 0;
    pthread_mutex_unlock(&c->lock);
    return size;
}

/* --- Starting and stopping ------------------------------------------------------------------- */

static bool names_us(const struct cosign *c)
{
    bool found = c->policy->n_logs == 0;

    for (unsigned i = 0; i < c->policy->n_logs; i++) {
        const struct policy_log *log = &c->policy->logs[i];

        found = found || (strcmp(log->origin, c->node->origin) == 0 &&
                          public_key_equal(&log->key.key, &c->log_key));
    }
    return found;
}

static bool make_peers(struct cosign *c, FILE *err)
{
    uint64_t asked = 0;

    for (unsigned i = 0; i < c->policy->n_witnesses; i++) {
        const struct policy_witness *witness = &c->policy->witnesses[i];

        if (!witness->url) {
            continue;
        }
        if (!utf8_valid(witness->name, strlen(witness->name))) {
            fprintf(err, "semd: a witness has a name that is not UTF-8 and cannot be shown\n");
            return false;
        }
        if (!peer_init(&c->peers[c->n_peers], witness, i)) {
            fprintf(err, "semd: witness %s: the URL \"%s\" is not http://..., https://... or "
                    "unix:PATH\n", witness->name, witness->url);
            return false;
        }
        c->n_peers++;
        asked |= c->peers[c->n_peers - 1].bit;
    }
    if (!witness_policy_met(c->policy, asked)) {
        fputs("semd: the quorum cannot be met: too few of its witnesses have a URL\n", err);
        return false;
    }
    return true;
}

static bool make(struct cosign *c, const char *policy_path, FILE *err)
{
    c->policy = witness_policy_read(policy_path, true, err);
    if (!c->policy) {
        return false;
    }
    if (!names_us(c)) {
        fprintf(err, "%s: no line `log` is that of %s with the key of this server\n", policy_path,
                c->node->origin);
        return false;
    }
    c->multi = curl_multi_init();
    if (!c->multi || store_reader_new(c->node->store, &c->reader) != STORE_OK) {
        fputs("semd: no memory, or no reader of the store, for asking witnesses\n", err);
        return false;
    }
    return make_peers(c, err);
}

struct cosign *cosign_new(const char *policy_path, struct node *node, FILE *err)
{
    struct cosign *c = calloc(1, sizeof *c);

    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (!c) {
        fputs("semd: no memory\n", err);
        return NULL;
    }
    pthread_mutex_init(&c->lock, NULL);
    c->node = node;
    c->version = (uint64_t)clock_unix_ms();
    secret_key_public(node->log_key, &c->log_key);
    if (make(c, policy_path, err)) {
        return c;
    }
    cosign_stop(c);
    return NULL;
}

bool cosign_start(struct cosign *c, struct writer *writer)
{
    c->writer = writer;
    next_round(c); /* so that what is shown never goes back, from the first request on */
    c->started = pthread_create(&c->thread, NULL, run, c) == 0;
    return c->started;
}

void cosign_stop(struct cosign *c)
{
    if (!c) {
        return;
    }
    atomic_store(&c->stopping, true);
    if (c->started) {
        curl_multi_wakeup(c->multi);
        pthread_join(c->thread, NULL);
    }
    for (size_t i = 0; i < c->n_peers; i++) {
        give_up(c, &c->peers[i]);
        peer_free(&c->peers[i]);
    }
    curl_multi_cleanup(c->multi);
    store_reader_free(c->reader);
    witness_policy_free(c->policy);
    pthread_mutex_destroy(&c->lock);
    free(c);
}
