/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Keys, notes and the node of a simulation. */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#include "crypto/random.h"
#include "crypto/text.h"
#include "ledger/files.h"
#include "ledger/journal.h"
#include "ledger/signers.h"
#include "tests/soak/sim.h"

#define KEYS 322
#define TWIN_A 320
#define TWIN_B 321
#define MAP_BYTES ((size_t)256 << 20)
#define ROOM_MIN ((uint64_t)512 << 20)
#define ANSWER_S 120

/* --- Keys ------------------------------------------------------------------------------------ */

static struct key {
    uint8_t seed[KEY_SEED_BYTES];
    char hex[M_HEX64];
    struct secret_key *secret; /* made when it is first used */
} keys[KEYS];

static struct secret_key *secret_of(struct key *key)
{
    if (!key->secret)
        key->secret = secret_key_from_seed(key->seed);
    assert(key->secret);
    return key->secret;
}

void sim_keys(void)
{
    if (crypto_start() != 0)
        abort();
    for (int i = 0; i < KEYS; i++) {
        /* Of these two the key ids under the name of TWINS_HANDLE are equal; found by search. */
        int number = i == TWIN_A ? 17513 : i == TWIN_B ? 65244 : (1 << 24) + i;
        struct public_key public;

        for (int k = 0; k < 4; k++)
            keys[i].seed[31 - k] = (uint8_t)(number >> 8 * k);
        secret_key_public(secret_of(&keys[i]), &public);
        hex_encode(keys[i].hex, public.b, sizeof public.b);
        secret_key_free(keys[i].secret);
        keys[i].secret = NULL;
    }
    assert(sim_key_id(TWINS_HANDLE, keys[TWIN_A].hex) ==
           sim_key_id(TWINS_HANDLE, keys[TWIN_B].hex));
}

void sim_key(int number, char out[static M_HEX64])
{
    int i = number == KEY_TWIN_A ? TWIN_A : number == KEY_TWIN_B ? TWIN_B : number;

    assert(i >= 0 && i < KEYS);
    memcpy(out, keys[i].hex, M_HEX64);
}

static struct key *key_of_hex(const char *hex)
{
    for (int i = 0; i < KEYS; i++)
        if (strcmp(keys[i].hex, hex) == 0)
            return &keys[i];
    return NULL;
}

static void id_of_key(const char *name, const char *hex, struct key_id *out)
{
    struct public_key public;

    if (!hex_decode(public.b, sizeof public.b, hex, 64))
        abort();
    key_id_of(out, name, strlen(name), KEY_ED25519, &public);
}

uint32_t sim_key_id(const char *handle, const char *key)
{
    char name[KEY_NAME_SIZE];
    struct key_id id;

    signers_key_name(name, HISTORY_ORIGIN, handle);
    id_of_key(name, key, &id);
    return (uint32_t)id.b[0] << 24 | (uint32_t)id.b[1] << 16 | (uint32_t)id.b[2] << 8 | id.b[3];
}

/* --- Notes ----------------------------------------------------------------------------------- */

/* The key with which an organisation signs: of the entry, or any that it may use; NULL: none. */
static const char *signing_key(struct sim *s, const struct op *op, const struct m_signer *signer)
{
    const struct model *m = &s->h.model;
    const char *found = NULL;
    int org = model_org(m, signer->handle), n = 0;

    if (op->kind == M_NETWORK_FOUND && op->repeat < 0)
        for (int i = 0; i < op->founding->n_founders; i++)
            if (strcmp(op->founding->founders[i].handle, signer->handle) == 0)
                return op->founding->founders[i].key;
    if (signer->own_key)
        return op->key;
    for (int i = 0; i < m->keys.n && org > 0; i++) {
        const struct m_key *k = &m->keys.v[i];
        bool suits = k->org == org && !k->revoked && (k->scope == 1 || (k->scope == 2 &&
                     !signer->admin)) && (k->ceiling == 0 || signer->minutes <= k->ceiling);

        if (suits && rng_below(&s->rng, (size_t)++n) == 0)
            found = k->key;
    }
    return found;
}

static void add_line(struct sim *s, struct sent *sent, const char *handle, const char *hex)
{
    char name[KEY_NAME_SIZE], line[NOTE_LINE_SIZE(KEY_NAME_SIZE)];
    struct key *key = key_of_hex(hex);
    struct signature made;
    struct key_id id;
    size_t n;

    signers_key_name(name, HISTORY_ORIGIN, handle);
    if (s->swarm.sign && key) {
        n = note_sign(line, sizeof line, sent->text, sent->text_len, name, strlen(name),
                      secret_of(key));
    } else { /* the writer leaves the curve to the workers */
        for (size_t i = 0; i < sizeof made.b; i++)
            made.b[i] = (uint8_t)rng_next(&s->rng);
        id_of_key(name, hex, &id);
        n = note_format_signature(line, sizeof line, name, strlen(name), &id, &made);
    }
    assert(n > 0);
    sent->note_len = note_append_line(sent->note, sizeof sent->note, sent->note_len, line);
    assert(sent->note_len > 0);
}

/* What nobody knows binds nobody: of a thing that is not there the author alone signs. */
static int signers_of(const struct sim *s, const struct op *op, struct m_signer out[static M_ORGS],
                      bool *known)
{
    const struct model *m = &s->h.model;

    *known = true;
    if (op->repeat < 0 && (op->kind != M_OFFER_RENEW || model_offer(m, op->ref) >= 0) &&
        (op->kind != M_AGREEMENT_CLOSE || model_agreement(m, op->ref) >= 0))
        return model_signers(m, op, out);
    *known = false;
    out[0] = (struct m_signer){.handle = op->by};
    return 1;
}

bool sim_make_note(struct sim *s, struct sent *sent, struct refusal *why)
{
    struct m_signer signers[M_ORGS];
    int n, lines = 0;
    bool known;

    n = signers_of(s, &sent->op, signers, &known);
    memset(why, 0, sizeof *why);
    if (!entry_decode(&sent->entry, HISTORY_ORIGIN, sent->text, sent->text_len, why))
        return false;
    sent->note_len = note_build(sent->note, sizeof sent->note, sent->text, sent->text_len, NULL, 0);
    assert(sent->note_len > 0);
    for (int i = 0; i < n; i++) {
        const char *key = signing_key(s, &sent->op, &signers[i]);

        if (key) {
            add_line(s, sent, signers[i].handle, key);
            lines++;
        }
    }
    sent->complete = known && lines == n;
    if (lines == 0) /* a note has a signature; nobody knows this key */
        add_line(s, sent, sent->op.by, keys[3].hex);
    return true;
}

/* --- The node -------------------------------------------------------------------------------- */

/* In memory where there is enough of it: a simulation is not about the disk. */
bool sim_make_folder(struct sim *s)
{
    struct statvfs room;
    bool memory = statvfs("/dev/shm", &room) == 0 && room.f_bavail * room.f_frsize > ROOM_MIN;
    char path[96];
    bool good;

    snprintf(s->dir, sizeof s->dir, "%s/sem-sim-XXXXXX", memory ? "/dev/shm" : "/tmp");
    good = mkdtemp(s->dir) != NULL && journal_make(s->dir);
    snprintf(path, sizeof path, "%s/ledger", s->dir);
    good = good && mkdir(path, 0700) == 0;
    snprintf(path, sizeof path, "%s/side", s->dir);
    return good && mkdir(path, 0700) == 0;
}

void sim_drop_folder(struct sim *s)
{
    if (!path_remove_tree(s->dir))
        fprintf(stderr, "simulation: %s cannot be removed\n", s->dir);
}

static struct sim *running;

static int64_t now_ms(void)
{
    int64_t now = running->now;

    running->now = running->now_next;
    return now;
}

static bool start_writer(struct sim *s)
{
    const char *why;
    struct writer_config config = {
        .dir = s->dir,
        .origin = HISTORY_ORIGIN,
        .store = s->store,
        .clock_key = secret_of(&keys[0]), /* in the order in which the generator takes them */
        .log_key = secret_of(&keys[1]),
        .refusal_key = secret_of(&keys[2]),
        .side = s->side,
        .queue_max = s->swarm.queue_max,
        .batch_max = s->swarm.batch_max,
        .now_ms = now_ms,
    };

    secret_key_public(config.log_key, &s->log_public);
    secret_key_public(config.refusal_key, &s->refusal_public);
    running = s;
    s->writer = writer_start(&config, &why);
    if (s->writer && !writer_read_only(s->writer))
        return true;
    return history_differs(&s->h, "the writer does not start: %s",
                           s->writer ? writer_read_only(s->writer) : why);
}

bool sim_open(struct sim *s)
{
    char path[96];
    enum store_err err;

    snprintf(path, sizeof path, "%s/ledger", s->dir);
    if (store_open(&s->store, path, STORE_CREATE | STORE_SCRATCH, MAP_BYTES) != STORE_OK)
        return history_differs(&s->h, "the store does not open: %s", store_message());
    snprintf(path, sizeof path, "%s/side", s->dir);
    s->side = side_open(path, &err);
    if (!s->side)
        return history_differs(&s->h, "the side store does not open: %s", store_message());
    s->held = false;
    return start_writer(s);
}

void sim_close(struct sim *s)
{
    if (s->writer)
        sim_release(s);
    writer_stop(s->writer);
    if (s->side)
        side_close(s->side);
    store_close(s->store);
    s->writer = NULL;
    s->side = NULL;
    s->store = NULL;
}

/* --- Handing over ---------------------------------------------------------------------------- */

static bool await(sem_t *sem)
{
    struct timespec until;
    int code;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ANSWER_S;
    do
        code = sem_timedwait(sem, &until);
    while (code != 0 && errno == EINTR);
    return code == 0;
}

/* On the writer's thread. */
static void job_done(struct job *job)
{
    struct sim *s = ((struct sent *)job->owner)->sim;

    if (atomic_fetch_sub(&s->to_tell, 1) > 1)
        return;
    sem_post(&s->told);
    while (sem_wait(&s->go) != 0)
        continue;
}

void sim_release(struct sim *s)
{
    if (s->held)
        sem_post(&s->go);
    s->held = false;
}

bool sim_hand_over(struct sim *s)
{
    bool full = s->held && (size_t)s->n_group == s->swarm.queue_max;

    bool settle = rng_chance(&s->rng, s->swarm.settle);
    s->to_tell = s->n_group;
    for (int i = 0; i < s->n_group; i++) {
        struct sent *sent = s->group[i];

        sent->job = (struct job){.note_bytes = sent->note,
                                 .note_len = sent->note_len,
                                 .entry = &sent->entry,
                                 .settle = settle,
                                 .done = job_done,
                                 .owner = sent};
        if (!writer_submit(s->writer, &sent->job))
            return history_differs(&s->h, "job %d of %d is not taken", i, s->n_group);
    }
    if (full) {
        struct job more = s->group[0]->job;

        s->coverage->full++;
        if (writer_submit(s->writer, &more))
            return history_differs(&s->h, "a full queue takes one more");
    }
    sim_release(s);
    if (!await(&s->told))
        return history_differs(&s->h, "no answer in %d s", ANSWER_S);
    s->held = true;
    return true;
}
