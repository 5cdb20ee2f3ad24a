/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/sentence.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/duration.h"
#include "cli/i18n.h"
#include "cli/words.h"
#include "ledger/kind.h"

/* --- Words of fields -------------------------------------------------------------------------- */

static const char *thing_name(int type)
{
    switch ((enum thing)type) {
    case THING_SKILL:
        return _("a skill");
    case THING_SPACE:
        return _("a space");
    case THING_EQUIPMENT:
        return _("equipment");
    }
    return _("something");
}

static const char *done_by_name(int done_by)
{
    switch ((enum done_by)done_by) {
    case DONE_BY_STAFF:
        return _(", done by staff");
    case DONE_BY_VOLUNTEERS:
        return _(", done by volunteers");
    case DONE_BY_MIXED:
        return _(", done by staff and volunteers");
    }
    return "";
}

/* --- Shares ----------------------------------------------------------------------------------- */

enum side { WE_GIVE, WE_RECEIVE, OTHERS };

static enum side side_of(const struct share *s, const char *us)
{
    if (us != NULL && strcmp(s->from.s, us) == 0) {
        return WE_GIVE;
    }
    return us != NULL && strcmp(s->to.s, us) == 0 ? WE_RECEIVE : OTHERS;
}

static size_t count_side(const struct shares *shares, const char *us, enum side side)
{
    size_t n = 0;

    for (size_t i = 0; i < shares->n; i++) {
        n += side_of(&shares->v[i], us) == side;
    }
    return n;
}

static void add_share(struct words *t, const struct share *s, enum side side)
{
    words_duration(t, s->minutes);
    switch (side) {
    case WE_GIVE:
        words_add(t, _(" to %s"), NAME(s->to));
        break;
    case WE_RECEIVE:
        words_add(t, _(" from %s"), NAME(s->from));
        break;
    case OTHERS:
        words_add(t, _(" from %s to %s"), NAME(s->from), NAME(s->to));
        break;
    }
}

static void add_side(struct words *t, const struct shares *shares, const char *us, enum side side)
{
    size_t left = count_side(shares, us, side), done = 0;

    for (size_t i = 0; i < shares->n; i++) {
        if (side_of(&shares->v[i], us) == side) {
            words_add(t, "%s", done == 0 ? "" : done + 1 == left ? _(" and ") : ", ");
            add_share(t, &shares->v[i], side);
            done++;
        }
    }
}

/*
 * "received A and B, and given C": our own shares after the given verbs. The shares of others
 * follow in a sentence of their own, by add_others().
 */
static void add_ours(struct words *t, const struct shares *shares, const char *us,
                     const char *received, const char *given)
{
    size_t in = count_side(shares, us, WE_RECEIVE), out = count_side(shares, us, WE_GIVE);

    if (in > 0) {
        words_add(t, "%s ", received);
        add_side(t, shares, us, WE_RECEIVE);
    }
    if (out > 0) {
        words_add(t, "%s%s ", in > 0 ? _(", and ") : "", given);
        add_side(t, shares, us, WE_GIVE);
    }
}

static void add_others(struct words *t, const struct shares *shares, const char *us)
{
    if (count_side(shares, us, OTHERS) > 0) {
        words_add(t, "%s", _(" In the same text: "));
        add_side(t, shares, us, OTHERS);
        words_add(t, ".");
    }
}

/* Somebody who takes no part reads the shares without "we". */
static bool takes_part(const struct shares *shares, const char *us)
{
    return count_side(shares, us, OTHERS) < shares->n;
}

/* --- One function for each kind --------------------------------------------------------------- */

static void network_found(struct words *t, const struct entry *e)
{
    const struct body_network_found *b = &e->network_found;

    words_add(t, _("%zu organisations found a network: "), b->n_founders);
    for (size_t i = 0; i < b->n_founders; i++) {
        words_add(t, "%s%s",
                  i == 0                   ? ""
                  : i + 1 == b->n_founders ? _(" and ")
                                           : ", ",
                  NAME(b->founders[i].handle));
    }
    words_add(t, _(". Mandates: "));
    for (size_t i = 0; i < b->n_mandates; i++) {
        words_add(t, "%s%s (%s, ", i == 0 ? "" : "; ", NAME(b->mandates[i].org),
                  role_word(b->mandates[i].role));
        words_add(t, "%s", _("until "));
        words_moment(t, b->mandates[i].until);
        words_add(t, ")");
    }
    words_add(t, _(". The catalogue has %zu skills."), b->n_skills);
    words_add(t, "%s",
              b->public_directory ? _(" Anybody may read the directory.")
                                  : _(" Members read the directory."));
    words_add(t, "%s",
              b->public_bundles ? _(" Anybody may read the log.") : _(" Members read the log."));
    if (b->demo) {
        words_add(t, "%s", _(" It is a demo network."));
    }
}

static void org_admit(struct words *t, const struct entry *e, const char *us)
{
    const struct body_org_admit *b = &e->org_admit;

    if (us != NULL && strcmp(us, e->by.s) == 0) {
        words_add(t, _("%s asks to be admitted and accepts the charter"), NAME(e->by));
    } else {
        words_add(t, _("%s is admitted as a member"), NAME(e->by));
    }
    if (b->coordinator.s[0] != '\0') {
        words_add(t, _(", with %s as coordinator"), NAME(b->coordinator));
    } else {
        words_add(t, "%s", _(", sponsored by "));
        words_names(t, &b->sponsors, NULL);
    }
    words_add(t, "%s",
              b->is_public ? _("; its sheet may be shown to anybody. Its first key is ")
                           : _("; its sheet is for members. Its first key is "));
    words_key(t, &b->key);
    words_add(t, ".");
}

static void org_update(struct words *t, const struct entry *e)
{
    words_add(t,
              e->org_update.is_public ? _("%s replaces its sheet; it may be shown to anybody.")
                                      : _("%s replaces its sheet; it is for members."),
              NAME(e->by));
}

static void org_leave(struct words *t, const struct entry *e)
{
    words_add(t, _("%s leaves the network: its agreements, offers, needs, keys and mandates end"),
              NAME(e->by));
    if (e->org_leave.to.s[0] != '\0') {
        words_add(t, _(", and hours it gave beyond those it received go to %s"),
                  NAME(e->org_leave.to));
    } else {
        words_add(t, "%s", _(", and hours it gave beyond those it received go to the pool"));
    }
    words_add(t, ".");
}

static void key_add(struct words *t, const struct entry *e)
{
    const struct body_key_add *b = &e->key_add;

    words_add(t, _("%s adds the key "), NAME(e->by));
    words_key(t, &b->key);
    switch ((enum scope)b->scope) {
    case SCOPE_ADMIN:
        words_add(t, "%s", _(", which may sign everything"));
        break;
    case SCOPE_SIGN:
        words_add(t, "%s", _(", which may sign exchanges but not keys, admissions or leaving"));
        break;
    case SCOPE_PROPOSE:
        words_add(t, "%s", _(", which may read and propose but binds nobody"));
        break;
    }
    if (b->ceiling > 0) {
        words_add(t, "%s", _(", up to "));
        words_duration(t, b->ceiling);
        words_add(t, "%s", _(" in one text"));
    }
    words_add(t, ".");
}

static void key_revoke(struct words *t, const struct entry *e)
{
    words_add(t, _("%s revokes the key "), NAME(e->by));
    words_key(t, &e->key_revoke.key);
    words_add(t, "%s", _("; it never signs again."));
}

static void details_erase(struct words *t, const struct entry *e)
{
    words_add(t, _("%s erases for ever the text \"%s\" of "), NAME(e->by),
              slot_word((enum slot)e->details_erase.slot));
    words_ref(t, "", &e->details_erase.subject);
    words_add(t, "%s", _("; the log itself stays as it is."));
}

static void add_skill(struct words *t, int type, const struct slug *skill)
{
    words_add(t, "%s", thing_name(type));
    if (skill->s[0] != '\0') {
        words_add(t, " (%s)", skill->s);
    }
}

static void add_reach(struct words *t, const struct slugs *areas, const struct slugs *languages,
                      bool is_public)
{
    words_slugs(t, _(", in "), areas);
    words_slugs(t, _(", speaking "), languages);
    words_add(t, "%s", is_public ? _("; anybody may read it.") : _("; members read it."));
}

static void offer_publish(struct words *t, const struct entry *e)
{
    const struct body_offer_publish *b = &e->offer_publish;

    words_names(t, &b->providers, NULL);
    words_add(t, "%s", ngettext(" offers ", " offer together ", b->providers.n));
    add_skill(t, b->type, &b->skill);
    words_add(t, "%s", _(", until "));
    words_moment(t, b->expires);
    if (b->minutes_month > 0) {
        words_add(t, "%s", _(", up to "));
        words_duration(t, b->minutes_month);
        words_add(t, "%s", _(" a month"));
    }
    add_reach(t, &b->areas, &b->languages, b->is_public);
}

/* Who speaks: the author, or whoever signs with the author. */
static void add_speaker(struct words *t, const struct entry *e, const char *us)
{
    if (us != NULL && strcmp(us, e->by.s) != 0) {
        words_add(t, _("%s, with %s,"), name_of(us).s, NAME(e->by));
    } else {
        words_add(t, "%s", NAME(e->by));
    }
}

static void offer_renew(struct words *t, const struct entry *e, const char *us)
{
    add_speaker(t, e, us);
    words_add(t, "%s", _(" keeps the offer "));
    words_ref(t, "", &e->offer_renew.offer);
    words_add(t, "%s", _(" open until "));
    words_moment(t, e->offer_renew.expires);
    words_add(t, ".");
}

static void need_publish(struct words *t, const struct entry *e)
{
    const struct body_need_publish *b = &e->need_publish;

    words_add(t, _("%s asks for "), NAME(e->by));
    words_duration(t, b->minutes);
    words_add(t, "%s", _(" of help: "));
    add_skill(t, b->type, &b->skill);
    words_add(t, "%s", _(", until "));
    words_moment(t, b->expires);
    if (b->urgent) {
        words_add(t, "%s", _(", and declares it urgent"));
    }
    add_reach(t, &b->areas, &b->languages, b->is_public);
}

/* "<who> <does something with the thing> <ref>." */
static void ref_sentence(struct words *t, const char *does, const struct entry *e, const char *us,
                         const struct ref *ref)
{
    char r[REF_TEXT_SIZE];

    ref_format(r, ref);
    add_speaker(t, e, us);
    words_add(t, " %s %s.", does, r);
}

static void agreement_sign(struct words *t, const struct entry *e, const char *us)
{
    const struct body_agreement_sign *b = &e->agreement_sign;

    if (takes_part(&b->shares, us)) {
        words_add(t, _("%s agrees "), name_of(us).s);
        add_ours(t, &b->shares, us, _("to receive"), _("to give"));
    } else {
        words_add(t, "%s", _("An agreement on "));
        add_side(t, &b->shares, us, OTHERS);
    }
    words_add(t, "%s", _(", until "));
    words_moment(t, b->expires);
    words_ref(t, _(", for the need "), &b->need);
    words_ref(t, _(", from the offer "), &b->offer);
    words_add(t, "%s", done_by_name(b->done_by));
    words_add(t, ".");
    if (takes_part(&b->shares, us)) {
        add_others(t, &b->shares, us);
    }
}

static void agreement_change(struct words *t, const struct entry *e, const char *us)
{
    const struct body_agreement_change *b = &e->agreement_change;
    char r[REF_TEXT_SIZE];

    ref_format(r, &b->agreement);
    if (takes_part(&b->shares, us)) {
        words_add(t, _("%s changes the agreement %s, which becomes, in all: "), name_of(us).s, r);
        add_ours(t, &b->shares, us, _("to receive"), _("to give"));
    } else {
        words_add(t, _("The agreement %s becomes, in all: "), r);
        add_side(t, &b->shares, us, OTHERS);
    }
    words_add(t, "%s", _(", until "));
    words_moment(t, b->expires);
    words_add(t, ".");
    if (takes_part(&b->shares, us)) {
        add_others(t, &b->shares, us);
    }
}

static void hours_record(struct words *t, const struct entry *e, const char *us)
{
    const struct body_hours_record *b = &e->hours_record;
    char day[DAY_SIZE];

    day_words(day, b->day);
    if (takes_part(&b->shares, us)) {
        words_add(t, _("%s confirms "), name_of(us).s);
        add_ours(t, &b->shares, us, _("having received"), _("having given"));
    } else {
        words_add(t, "%s", _("Hours of help: "));
        add_side(t, &b->shares, us, OTHERS);
    }
    words_add(t, _(" on %s"), day);
    if (b->skill.s[0] != '\0') {
        words_add(t, " (%s)", b->skill.s);
    }
    words_ref(t, _(", under the agreement "), &b->agreement);
    words_ref(t, _(", for the need "), &b->need);
    words_add(t, "%s", done_by_name(b->done_by));
    words_add(t, "%s", b->gift ? _(", as a gift: no hours are counted back.") : ".");
    if (takes_part(&b->shares, us)) {
        add_others(t, &b->shares, us);
    }
}

static void hours_reverse(struct words *t, const struct entry *e, const char *us)
{
    const struct body_hours_reverse *b = &e->hours_reverse;

    if (takes_part(&b->shares, us)) {
        words_add(t, _("%s takes back "), name_of(us).s);
        add_ours(t, &b->shares, us, _("as not received:"), _("as not given:"));
    } else {
        words_add(t, "%s", _("Taken back: "));
        add_side(t, &b->shares, us, OTHERS);
    }
    words_ref(t, _(", of the hours recorded in "), &b->hours);
    words_add(t, ".");
    if (takes_part(&b->shares, us)) {
        add_others(t, &b->shares, us);
    }
}

static void clock_tick(struct words *t, const struct entry *e)
{
    words_add(t, "%s", _("The log's clock processes "));
    words_add(t,
              ngettext("%" PRId64 " due moment through ", "%" PRId64 " due moments through ",
                       (unsigned long)e->clock_tick.n),
              e->clock_tick.n);
    words_moment(t, e->clock_tick.through);
    words_add(t, ".");
}

static void write_kind(struct words *t, const struct entry *e, const char *us)
{
    switch (e->kind->id) {
    case KIND_NETWORK_FOUND:
        network_found(t, e);
        return;
    case KIND_ORG_ADMIT:
        org_admit(t, e, us);
        return;
    case KIND_ORG_UPDATE:
        org_update(t, e);
        return;
    case KIND_ORG_CONFIRM:
        words_add(t, _("%s confirms that its sheet is still right."), NAME(e->by));
        return;
    case KIND_ORG_LEAVE:
        org_leave(t, e);
        return;
    case KIND_KEY_ADD:
        key_add(t, e);
        return;
    case KIND_KEY_REVOKE:
        key_revoke(t, e);
        return;
    case KIND_DETAILS_ERASE:
        details_erase(t, e);
        return;
    case KIND_OFFER_PUBLISH:
        offer_publish(t, e);
        return;
    case KIND_OFFER_RENEW:
        offer_renew(t, e, us);
        return;
    case KIND_OFFER_WITHDRAW:
        ref_sentence(t, _("withdraws the offer"), e, NULL, &e->offer_withdraw.offer);
        return;
    case KIND_NEED_PUBLISH:
        need_publish(t, e);
        return;
    case KIND_NEED_VOUCH:
        ref_sentence(t, _("vouches for the urgency of the need"), e, NULL, &e->need_ref.need);
        return;
    case KIND_NEED_WITHDRAW:
        ref_sentence(t, _("withdraws the need"), e, NULL, &e->need_ref.need);
        return;
    case KIND_AGREEMENT_SIGN:
        agreement_sign(t, e, us);
        return;
    case KIND_AGREEMENT_CHANGE:
        agreement_change(t, e, us);
        return;
    case KIND_AGREEMENT_CLOSE:
        ref_sentence(t, _("states that the work is done and closes the agreement"), e, us,
                     &e->agreement_ref.agreement);
        return;
    case KIND_AGREEMENT_CANCEL:
        ref_sentence(t, _("cancels what is left of the agreement"), e, NULL,
                     &e->agreement_ref.agreement);
        return;
    case KIND_HOURS_RECORD:
        hours_record(t, e, us);
        return;
    case KIND_HOURS_REVERSE:
        hours_reverse(t, e, us);
        return;
    case KIND_CLOCK_TICK:
        clock_tick(t, e);
        return;
    }
}

void sentence_write(char *out, size_t size, const struct entry *entry, const char *us)
{
    struct words t = {.s = out, .size = size};

    out[0] = '\0';
    write_kind(&t, entry, us);
    words_finish(&t);
}
