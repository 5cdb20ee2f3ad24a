/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Salts and seals of a history, computed again from the model's figures (SPEC 6.11, 7.4). */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/text.h"
#include "tests/ledger/history_driver.h"
#include "tests/ledger/history_kv.h"

#define SEAL_SIZE 1024

/* --- Salts ----------------------------------------------------------------------------------- */

void history_give_leaf(struct history *h, char leaf[static HISTORY_LEAF_SIZE], const char *text,
                       int64_t at)
{
    /* Histories are not signed: one line stands for those that would be there. */
    int n = snprintf(leaf, HISTORY_LEAF_SIZE, "at %" PRId64 "\n%s\nsigned %zu at %" PRId64 "\n",
                     at, text, strlen(text), at);

    assert(n > 0 && n < HISTORY_LEAF_SIZE);
    h->rules.leaf = (struct slice){(const uint8_t *)leaf, (size_t)n};
    h->rules.signers = &h->signers;
}

void history_turn(struct history *h, const struct m_signer *signers, int n, bool by_clock,
                  struct slice leaf)
{
    static const char first[] = HISTORY_ORIGIN "/salt/v1\n";
    const char *lines = strstr((const char *)leaf.data, "\n\n") + 2;
    struct hash_stream stream;
    struct hash inner;

    hash_stream_start(&stream);
    hash_stream_add(&stream, first, strlen(first));
    hash_stream_add(&stream, lines, strlen(lines));
    hash_stream_end(&stream, &inner);
    for (int i = 0; i < (by_clock ? 1 : n); i++) {
        uint8_t *chain = h->chains[by_clock ? 0 : model_org(&h->model, signers[i].handle)];
        struct hash next;

        hash_stream_start(&stream);
        hash_stream_add(&stream, chain, HASH_BYTES);
        hash_stream_add(&stream, inner.b, HASH_BYTES);
        hash_stream_end(&stream, &next);
        memcpy(chain, next.b, HASH_BYTES);
    }
}

/* --- The tree, by the words of RFC 6962 section 2.1 ------------------------------------------ */

static void leaf_hash(const struct history *h, int account, const struct m_figures *f,
                      struct hash *out)
{
    char text[SEAL_SIZE], salt[HEX_SIZE(16)];

    hex_encode(salt, h->chains[account], 16);
    text[0] = 0;
    int n = snprintf(text + 1, sizeof text - 1,
                     HISTORY_ORIGIN "/balance/v1\n{\"given_pending\":%" PRId64
                     ",\"given_posted\":%" PRId64 ",\"moves\":%" PRId64 ",\"org\":\"%s\","
                     "\"position\":%" PRId64 ",\"received_pending\":%" PRId64
                     ",\"received_posted\":%" PRId64 ",\"salt\":\"%s\",\"size\":%" PRIu64 "}\n",
                     f->given_pending, f->given, f->moves,
                     account == 0 ? "pool" : h->model.orgs[account].handle, m_position(f),
                     f->received_pending, f->received, salt, h->model.size);

    hash_sha256(out, text, (size_t)n + 1);
}

static void tree_hash(const struct hash *leaves, int n, struct hash *out)
{
    uint8_t both[1 + 2 * HASH_BYTES] = {1};
    struct hash left, right;
    int k = 1;

    if (n == 1) {
        *out = leaves[0];
        return;
    }
    while (2 * k < n)
        k *= 2;
    tree_hash(leaves, k, &left);
    tree_hash(leaves + k, n - k, &right);
    memcpy(both + 1, left.b, HASH_BYTES);
    memcpy(both + 1 + HASH_BYTES, right.b, HASH_BYTES);
    hash_sha256(out, both, sizeof both);
}

static void expected_root(const struct history *h, int64_t at, struct hash *out)
{
    struct m_figures figures[M_ORGS];
    struct hash leaves[M_ORGS];

    model_figures(&h->model, m_day(at), figures);
    for (int i = 0; i <= h->model.n_orgs; i++)
        leaf_hash(h, i, &figures[i], &leaves[i]);
    tree_hash(leaves, h->model.n_orgs + 1, out);
}

/* --- Seals ----------------------------------------------------------------------------------- */

static void seal_text_of(const struct body_seal_balances *body, const struct id *id, int64_t at,
                         char out[static SEAL_SIZE])
{
    char root[HEX_SIZE(HASH_BYTES)], id_text[ID_TEXT_SIZE];

    hex_encode(root, body->root.b, HASH_BYTES);
    id_format(id_text, id);
    snprintf(out, SEAL_SIZE,
             HISTORY_ORIGIN "/entry/v1\n{\"accounts\":%" PRId64 ",\"by\":\"clock\",\"id\":\"%s\","
             "\"kind\":\"seal.balances\",\"root\":\"%s\",\"size\":%" PRId64
             ",\"valid_until\":%" PRId64 "}\n",
             body->accounts, id_text, root, body->size, at);
}

static bool passes(struct history *h, const char *text, int64_t at)
{
    char leaf[HISTORY_LEAF_SIZE];
    struct refusal why = {.code = CODE_OK};

    history_kv_mark(h->kv);
    history_ready(&h->rules, &h->state, at);
    history_give_leaf(h, leaf, text, at);
    if (!history_decode(h, text, &why) || !rules_apply(&h->rules, &h->entry, &why))
        return false;
    history_turn(h, NULL, 0, true, h->rules.leaf);
    return true;
}

/* A seal with one thing wrong must not pass. */
static bool refuse_wrong_seal(struct history *h, const struct body_seal_balances *right,
                              const struct id *right_id, int64_t at)
{
    struct body_seal_balances wrong = *right;
    struct id id = *right_id;
    char text[SEAL_SIZE];

    switch (h->step % 5) {
    case 0:
        wrong.accounts--;
        break;
    case 1:
        wrong.size++;
        break;
    case 2:
        wrong.root.b[h->step % HASH_BYTES] ^= 1;
        id_make(&id, at, wrong.root.b);
        break;
    case 3:
        id.b[15] ^= 1;
        break;
    default:
        at++;
        break;
    }
    seal_text_of(&wrong, &id, at, text);
    if (passes(h, text, at))
        return history_differs(h, "a wrong seal passed: %s", text);
    history_kv_undo(h->kv);
    state_attach(&h->state, h->kv);
    return true;
}

bool history_seal(struct history *h, int64_t at, bool exact)
{
    struct body_seal_balances body;
    struct hash root;
    struct id id, expected_id;
    char text[SEAL_SIZE];

    if (model_seal_due(&h->model) != rules_seal_due(&h->state))
        return history_differs(h, "a seal is %sdue", rules_seal_due(&h->state) ? "" : "not ");
    if (!model_seal_due(&h->model))
        return true;
    rules_make_seal(&h->state, HISTORY_ORIGIN, &body, &id);
    if (body.size != (int64_t)h->model.size || body.accounts != h->model.n_orgs + 1)
        return history_differs(h, "a seal of %" PRId64 " accounts at %" PRId64
                               ", expected %d at %" PRIu64, body.accounts, body.size,
                               h->model.n_orgs + 1, h->model.size);
    expected_root(h, at, &root);
    if (exact && !hash_equal(&root, &body.root))
        return history_differs(h, "another root of %" PRId64 " balances", body.accounts);
    id_make(&expected_id, at, body.root.b);
    if (memcmp(&id, &expected_id, sizeof id) != 0)
        return history_differs(h, "another id of a seal");
    if (!refuse_wrong_seal(h, &body, &id, at))
        return false;
    seal_text_of(&body, &id, at, text);
    if (!passes(h, text, at))
        return history_differs(h, "the expected seal is refused: %s", text);
    h->coverage->accepted[M_SEAL_BALANCES]++;
    model_seal(&h->model, at, text);
    body.size++;
    seal_text_of(&body, &id, at, text);
    if (h->step % 8 == 0 && passes(h, text, at))
        return history_differs(h, "a seal right behind another passed");
    if (h->step % 8 == 0) {
        history_kv_undo(h->kv);
        state_attach(&h->state, h->kv);
    }
    return rules_seal_early(&h->state) || history_differs(h, "a seal may follow another");
}
