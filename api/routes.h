/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The one table of what this server answers (SPEC 12.4). A test keeps it equal to openapi.json.
 */
#ifndef SEM_API_ROUTES_H
#define SEM_API_ROUTES_H

#include "api/request.h"

enum body_kind {
    BODY_NONE,
    BODY_TEXT, /* text/plain: notes */
    BODY_JSON, /* application/json */
};

enum route_flags {
    ROUTE_BARE = 1,    /* no snapshot, no session: answers even when the store does not */
    ROUTE_LOGIN = 2,   /* a bad token does not matter here */
    ROUTE_MEMBERS = 4, /* nothing here without a session; finer rights are the handler's */
    ROUTE_HASTY = 8,   /* a job may come of an older snapshot: the writer looks again */
};

struct route {
    const char *method;
    const char *path; /* template of api/path.h */
    void (*handle)(struct request *);
    enum body_kind body;
    int flags;
    const char *spec; /* the section that describes it */
};

extern const struct route routes[];
extern const size_t n_routes;

/*
 * Finds the route of a method and a decoded path; HEAD is answered by the route of GET. NULL and
 * *why: not_found, or method_not_allowed with the methods of the path in `allow`.
 */
const struct route *route_find(const char *method, const char *path, struct path_args *args,
                               enum code *why, char allow[static 64]);

/* Place of a route in the table; n_routes for NULL. */
size_t route_number(const struct route *route);

/* --- Handlers, one family a file ------------------------------------------------------------- */

void get_index(struct request *rq);           /* network.c */
void get_network(struct request *rq);
void get_checkpoint(struct request *rq);
void get_checkpoint_note(struct request *rq);
void get_openapi(struct request *rq);
void get_tile(struct request *rq);            /* log.c */
void get_bundle(struct request *rq);
void get_consistency(struct request *rq);
void get_policies(struct request *rq);        /* policies.c */
void get_skills(struct request *rq);
void post_entry(struct request *rq);          /* submit.c */
void get_entries(struct request *rq);         /* entries.c */
void get_entry_by_index(struct request *rq);
void get_entry_by_ref(struct request *rq);
void post_preview(struct request *rq);        /* preview.c */
void get_inbox(struct request *rq);           /* inbox.c */
void get_inbox_item(struct request *rq);
void delete_inbox_item(struct request *rq);
void get_refusal(struct request *rq);         /* refusals.c */
void put_details(struct request *rq);         /* details.c */
void get_details(struct request *rq);
void get_orgs(struct request *rq);            /* orgs.c */
void get_org(struct request *rq);
void get_position(struct request *rq);        /* positions.c */
void get_positions(struct request *rq);
void get_reciprocity(struct request *rq);     /* reciprocity.c */
void get_sheet_fill(struct request *rq);      /* drill.c */
void get_sheet_hours(struct request *rq);
void get_sheet_needs(struct request *rq);
void get_standing(struct request *rq);        /* standing.c */
void get_balance(struct request *rq);         /* balance.c */
void get_pairs(struct request *rq);           /* pairs.c */
void get_statement(struct request *rq);       /* statement.c */
void get_org_year(struct request *rq);        /* yearly.c */
void get_network_year(struct request *rq);
void get_offers(struct request *rq);          /* offers.c */
void get_offer(struct request *rq);
void get_needs(struct request *rq);           /* needs.c */
void get_need(struct request *rq);
void get_matches(struct request *rq);         /* match_list.c */
void post_matches(struct request *rq);
void get_match_inputs(struct request *rq);
void get_match_loops(struct request *rq);
void post_match_decline(struct request *rq);
void get_agreements(struct request *rq);      /* agreements.c */
void get_agreement(struct request *rq);
void post_challenge(struct request *rq);      /* login.c */
void post_session(struct request *rq);
void delete_session(struct request *rq);
void get_livez(struct request *rq);           /* health.c */
void get_readyz(struct request *rq);

#endif
