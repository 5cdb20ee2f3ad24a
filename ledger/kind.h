/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a kind of entry is: its fields, its signers, its check and its effect (SPEC 6). Each noun
 * has a file in ledger/kinds/ that fills one struct kind per verb; kind_find() is the only list.
 */
#ifndef SEM_LEDGER_KIND_H
#define SEM_LEDGER_KIND_H

#include "ledger/entry.h"

/* SPEC 2.4. Each type says into which C type it decodes. */
enum field_type {
    F_HANDLE,    /* struct handle */
    F_HANDLES,   /* struct handles; min..max elements, sorted, unique */
    F_SLUG,      /* struct slug */
    F_SLUGS,     /* struct slugs; min..max elements, sorted, unique */
    F_LANGUAGES, /* struct slugs; words of two or three letters, sorted, unique */
    F_REF,       /* struct ref */
    F_KEY,       /* struct public_key, 64 hex digits */
    F_HASH,      /* struct hash, 64 hex digits */
    F_COMMIT,    /* struct commit, 64 hex digits */
    F_DAY,       /* int32_t */
    F_INT,       /* int64_t within min..max */
    F_NUMBER,    /* struct number within min..max */
    F_FLAG,      /* bool */
    F_WORD,      /* int, 1 + place in words */
    F_SHARES,    /* struct shares */
    /* Of network.found and clock.tick alone; they decode into the body at offset. */
    F_FOUNDERS,  /* body_network_found.founders, n_founders */
    F_MANDATES,  /* body_network_found.mandates, n_mandates */
    F_SKILLS,    /* body_network_found.skills, n_skills */
    F_POLICY,    /* body_network_found.policy */
    F_PUBLIC,    /* body_network_found.public_bundles, public_directory */
    F_TOTALS,    /* struct totals */
};

/* One field. Fields stand sorted by name; absent optional ones leave their C value zero. */
struct field {
    const char *name;
    enum field_type type;
    bool optional;
    size_t offset; /* in struct entry; of the body for the types of network.found */
    int64_t min, max;
    const char *const *words; /* NULL-terminated, for F_WORD */
};

struct rules;
struct signer_set;

struct kind {
    const char *name;
    enum entry_kind id;
    bool by_clock; /* made by the log's clock alone, and signed with its key */
    const struct field *fields;
    size_t n_fields;
    /* Rules between fields that need no state; may be NULL. */
    bool (*validate)(const struct entry *, struct refusal *);
    /* Whose signatures are required (SPEC 3.1); reads state. */
    bool (*signers)(struct rules *, const struct entry *, struct signer_set *, struct refusal *);
    /*
     * Checks against the state, then changes it. On false the caller throws the changes away, so a
     * check may come after a change.
     */
    bool (*apply)(struct rules *, const struct entry *, struct refusal *);
};

/* By name, or NULL. */
const struct kind *kind_find(const char *name, size_t len);
/* By number; never NULL for a member of the enum. */
const struct kind *kind_of(enum entry_kind id);

#endif
