/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/sentence.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/duration.h"
#include "cli/i18n.h"
#include "cli/sentence_parts.h"
#include "cli/words.h"

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
    const struct short_text time = time_text(s->minutes);

    switch (side) {
    case WE_GIVE:
        words_add(t, _("%s to %s"), time.s, NAME(s->to));
        break;
    case WE_RECEIVE:
        words_add(t, _("%s from %s"), time.s, NAME(s->from));
        break;
    case OTHERS:
        words_add(t, _("%s from %s to %s"), time.s, NAME(s->from), NAME(s->to));
        break;
    }
}

static size_t add_side(struct words *t, const struct shares *shares, const char *us, enum side side)
{
    size_t n = count_side(shares, us, side), done = 0;

    for (size_t i = 0; i < shares->n; i++) {
        if (side_of(&shares->v[i], us) == side) {
            words_add(t, "%s", words_between(done++, n));
            add_share(t, &shares->v[i], side);
        }
    }
    return n;
}

/* The shares as lists, by whose they are, and which of our own there are. */
struct told {
    struct part received, given, others;
    enum { WE_RECEIVED, WE_GAVE, WE_DID_BOTH, WE_TAKE_NO_PART } ours;
};

static void tell(struct told *told, const struct shares *shares, const char *us)
{
    size_t in = add_side(part_start(&told->received), shares, us, WE_RECEIVE);
    size_t out = add_side(part_start(&told->given), shares, us, WE_GIVE);

    add_side(part_start(&told->others), shares, us, OTHERS);
    told->ours = in > 0 ? out > 0 ? WE_DID_BOTH : WE_RECEIVED : out > 0 ? WE_GAVE : WE_TAKE_NO_PART;
}

/* What others exchange in a text of ours follows in a sentence of its own. */
static void add_others(struct words *t, struct told *told)
{
    if (told->ours != WE_TAKE_NO_PART && told->others.t.n > 0) {
        words_add(t, _(" In the same text: %s."), part_text(&told->others));
    }
}

/* --- One function for each kind --------------------------------------------------------------- */

void say_network_found(struct words *t, const struct entry *e, const char *us)
{
    const struct body_network_found *b = &e->network_found;
    struct part founders, mandates;

    (void)us;
    part_start(&founders);
    for (size_t i = 0; i < b->n_founders; i++) {
        words_add(&founders.t, "%s%s", words_between(i, b->n_founders),
                  NAME(b->founders[i].handle));
    }
    part_start(&mandates);
    for (size_t i = 0; i < b->n_mandates; i++) {
        words_add(&mandates.t, "%s", i == 0 ? "" : "; ");
        words_add(&mandates.t, _("%s (%s, until %s)"), NAME(b->mandates[i].org),
                  role_word(b->mandates[i].role), moment_text(b->mandates[i].until).s);
    }
    words_add(t,
              ngettext("%zu organisation founds a network: %s.",
                       "%zu organisations found a network: %s.", b->n_founders),
              b->n_founders, part_text(&founders));
    words_add(t, _(" Mandates: %s."), part_text(&mandates));
    words_add(
        t, ngettext(" The catalogue has %zu skill.", " The catalogue has %zu skills.", b->n_skills),
        b->n_skills);
    words_add(t, "%s",
              b->public_directory ? _(" Anybody may read the directory.")
                                  : _(" Members read the directory."));
    words_add(t, "%s",
              b->public_bundles ? _(" Anybody may read the log.") : _(" Members read the log."));
    if (b->demo) {
        words_add(t, "%s", _(" It is a demo network."));
    }
}

void say_org_admit(struct words *t, const struct entry *e, const char *us)
{
    const struct body_org_admit *b = &e->org_admit;
    bool ours = us != NULL && strcmp(us, e->by.s) == 0;
    struct part sponsors, voucher;

    if (b->coordinator.s[0] != '\0') {
        words_add(part_start(&voucher), _(", with %s as coordinator"), NAME(b->coordinator));
    } else {
        words_names(part_start(&sponsors), &b->sponsors);
        words_add(part_start(&voucher), _(", sponsored by %s"), part_text(&sponsors));
    }
    if (ours) {
        words_add(t, _("%s asks to be admitted and accepts the charter%s; "), NAME(e->by),
                  part_text(&voucher));
    } else {
        words_add(t, _("%s is admitted as a member%s; "), NAME(e->by), part_text(&voucher));
    }
    words_add(t,
              b->is_public ? _("its sheet may be shown to anybody. Its first key is %s.")
                           : _("its sheet is for members. Its first key is %s."),
              key_text(&b->key).s);
    sentence_size(t, &b->capacity, &b->fte);
}

void say_org_update(struct words *t, const struct entry *e, const char *us)
{
    (void)us;
    words_add(t,
              e->org_update.is_public ? _("%s replaces its sheet; it may be shown to anybody.")
                                      : _("%s replaces its sheet; it is for members."),
              NAME(e->by));
    sentence_size(t, &e->org_update.capacity, &e->org_update.fte);
}

void say_org_confirm(struct words *t, const struct entry *e, const char *us)
{
    (void)us;
    words_add(t, _("%s confirms that its sheet is still right."), NAME(e->by));
}

void say_org_leave(struct words *t, const struct entry *e, const char *us)
{
    (void)us;
    if (e->org_leave.to.s[0] != '\0') {
        words_add(t,
                  _("%s leaves the network: its agreements, offers, needs, keys and mandates end, "
                    "and hours it gave beyond those it received go to %s."),
                  NAME(e->by), NAME(e->org_leave.to));
    } else {
        words_add(t,
                  _("%s leaves the network: its agreements, offers, needs, keys and mandates end, "
                    "and hours it gave beyond those it received go to the pool."),
                  NAME(e->by));
    }
}

static const char *scope_phrase(enum scope scope)
{
    switch (scope) {
    case SCOPE_ADMIN:
        return _(", which may sign everything");
    case SCOPE_SIGN:
        return _(", which may sign exchanges but not keys, admissions or leaving");
    case SCOPE_PROPOSE:
        return _(", which may read and propose but binds nobody");
    }
    return "";
}

void say_key_add(struct words *t, const struct entry *e, const char *us)
{
    const struct body_key_add *b = &e->key_add;
    struct part ceiling;

    (void)us;
    part_start(&ceiling);
    if (b->ceiling > 0) {
        words_add(&ceiling.t, _(", up to %s in one text"), time_text(b->ceiling).s);
    }
    words_add(t, _("%s adds the key %s%s%s."), NAME(e->by), key_text(&b->key).s,
              scope_phrase((enum scope)b->scope), part_text(&ceiling));
}

void say_key_revoke(struct words *t, const struct entry *e, const char *us)
{
    (void)us;
    words_add(t, _("%s revokes the key %s; it never signs again."), NAME(e->by),
              key_text(&e->key_revoke.key).s);
}

void say_details_erase(struct words *t, const struct entry *e, const char *us)
{
    (void)us;
    words_add(t, _("%s erases for ever the text \"%s\" of %s; the log itself stays as it is."),
              NAME(e->by), slot_word((enum slot)e->details_erase.slot),
              ref_text(&e->details_erase.subject).s);
}

static void add_thing(struct words *t, int type, const struct slug *skill)
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
    words_add(t, "%s", is_public ? _("; anybody may read it") : _("; members read it"));
}

void say_offer_publish(struct words *t, const struct entry *e, const char *us)
{
    const struct body_offer_publish *b = &e->offer_publish;
    struct part who, what, rest;

    (void)us;
    words_names(part_start(&who), &b->providers);
    add_thing(part_start(&what), b->type, &b->skill);
    part_start(&rest);
    if (b->minutes_month > 0) {
        words_add(&rest.t, _(", up to %s a month"), time_text(b->minutes_month).s);
    }
    add_reach(&rest.t, &b->areas, &b->languages, b->is_public);
    words_add(
        t,
        ngettext("%s offers %s, until %s%s.", "%s offer together %s, until %s%s.", b->providers.n),
        part_text(&who), part_text(&what), moment_text(b->expires).s, part_text(&rest));
}

/* Who speaks: the author, or whoever signs with the author. */
static const char *speaker(struct part *part, const struct entry *e, const char *us)
{
    part_start(part);
    if (us != NULL && strcmp(us, e->by.s) != 0) {
        words_add(&part->t, _("%s, with %s,"), name_of(us).s, NAME(e->by));
    } else {
        words_add(&part->t, "%s", NAME(e->by));
    }
    return part_text(part);
}

void say_offer_renew(struct words *t, const struct entry *e, const char *us)
{
    struct part who;

    words_add(t, _("%s keeps the offer %s open until %s."), speaker(&who, e, us),
              ref_text(&e->offer_renew.offer).s, moment_text(e->offer_renew.expires).s);
}

void say_offer_withdraw(struct words *t, const struct entry *e, const char *us)
{
    (void)us;
    words_add(t, _("%s withdraws the offer %s."), NAME(e->by),
              ref_text(&e->offer_withdraw.offer).s);
}

void say_need_publish(struct words *t, const struct entry *e, const char *us)
{
    const struct body_need_publish *b = &e->need_publish;
    struct part what, rest;

    (void)us;
    add_thing(part_start(&what), b->type, &b->skill);
    part_start(&rest);
    if (b->urgent) {
        words_add(&rest.t, "%s", _(", and declares it urgent"));
    }
    add_reach(&rest.t, &b->areas, &b->languages, b->is_public);
    words_add(t, _("%s asks for %s of help: %s, until %s%s."), NAME(e->by), time_text(b->minutes).s,
              part_text(&what), moment_text(b->expires).s, part_text(&rest));
}

void say_need_vouch(struct words *t, const struct entry *e, const char *us)
{
    (void)us;
    words_add(t, _("%s vouches for the urgency of the need %s."), NAME(e->by),
              ref_text(&e->need_ref.need).s);
    sentence_panel(t, &e->need_ref.panel, &e->by);
}

void say_need_withdraw(struct words *t, const struct entry *e, const char *us)
{
    (void)us;
    words_add(t, _("%s withdraws the need %s."), NAME(e->by), ref_text(&e->need_ref.need).s);
}

void say_agreement_sign(struct words *t, const struct entry *e, const char *us)
{
    const struct body_agreement_sign *b = &e->agreement_sign;
    const struct short_text until = moment_text(b->expires);
    struct told told;
    struct part rest;

    tell(&told, &b->shares, us);
    words_ref(part_start(&rest), _(", for the need "), &b->need);
    words_ref(&rest.t, _(", from the offer "), &b->offer);
    words_add(&rest.t, "%s", done_by_name(b->done_by));
    switch (told.ours) {
    case WE_RECEIVED:
        words_add(t, _("%s agrees to receive %s, until %s%s."), name_of(us).s,
                  part_text(&told.received), until.s, part_text(&rest));
        break;
    case WE_GAVE:
        words_add(t, _("%s agrees to give %s, until %s%s."), name_of(us).s, part_text(&told.given),
                  until.s, part_text(&rest));
        break;
    case WE_DID_BOTH:
        words_add(t, _("%s agrees to receive %s, and to give %s, until %s%s."), name_of(us).s,
                  part_text(&told.received), part_text(&told.given), until.s, part_text(&rest));
        break;
    case WE_TAKE_NO_PART:
        words_add(t, _("An agreement on %s, until %s%s."), part_text(&told.others), until.s,
                  part_text(&rest));
        break;
    }
    add_others(t, &told);
    if (b->cosigner.s[0] != '\0') {
        words_add(t, _(" %s stands beside the promise."), NAME(b->cosigner));
    }
}

void say_agreement_change(struct words *t, const struct entry *e, const char *us)
{
    const struct body_agreement_change *b = &e->agreement_change;
    const struct short_text ref = ref_text(&b->agreement), until = moment_text(b->expires);
    struct told told;

    tell(&told, &b->shares, us);
    switch (told.ours) {
    case WE_RECEIVED:
        words_add(t,
                  _("%s changes the agreement %s, which becomes, in all: to receive %s, until %s."),
                  name_of(us).s, ref.s, part_text(&told.received), until.s);
        break;
    case WE_GAVE:
        words_add(t, _("%s changes the agreement %s, which becomes, in all: to give %s, until %s."),
                  name_of(us).s, ref.s, part_text(&told.given), until.s);
        break;
    case WE_DID_BOTH:
        words_add(t,
                  _("%s changes the agreement %s, which becomes, in all: to receive %s, and to "
                    "give %s, until %s."),
                  name_of(us).s, ref.s, part_text(&told.received), part_text(&told.given), until.s);
        break;
    case WE_TAKE_NO_PART:
        words_add(t, _("The agreement %s becomes, in all: %s, until %s."), ref.s,
                  part_text(&told.others), until.s);
        break;
    }
    add_others(t, &told);
}

void say_agreement_close(struct words *t, const struct entry *e, const char *us)
{
    struct part who;

    words_add(t, _("%s states that the work is done and closes the agreement %s."),
              speaker(&who, e, us), ref_text(&e->agreement_ref.agreement).s);
}

void say_agreement_cancel(struct words *t, const struct entry *e, const char *us)
{
    (void)us;
    words_add(t, _("%s cancels what is left of the agreement %s."), NAME(e->by),
              ref_text(&e->agreement_ref.agreement).s);
}

static void hours_record_rest(struct words *t, const struct body_hours_record *b)
{
    if (b->skill.s[0] != '\0') {
        words_add(t, " (%s)", b->skill.s);
    }
    words_ref(t, _(", under the agreement "), &b->agreement);
    words_ref(t, _(", for the need "), &b->need);
    words_add(t, "%s", done_by_name(b->done_by));
    if (b->gift) {
        words_add(t, "%s", _(", as a gift: no hours are counted back"));
    }
}

void say_hours_record(struct words *t, const struct entry *e, const char *us)
{
    const struct body_hours_record *b = &e->hours_record;
    char day[DAY_SIZE];
    struct told told;
    struct part rest;

    day_words(day, b->day);
    tell(&told, &b->shares, us);
    hours_record_rest(part_start(&rest), b);
    switch (told.ours) {
    case WE_RECEIVED:
        words_add(t, _("%s confirms having received %s on %s%s."), name_of(us).s,
                  part_text(&told.received), day, part_text(&rest));
        break;
    case WE_GAVE:
        words_add(t, _("%s confirms having given %s on %s%s."), name_of(us).s,
                  part_text(&told.given), day, part_text(&rest));
        break;
    case WE_DID_BOTH:
        words_add(t, _("%s confirms having received %s, and having given %s on %s%s."),
                  name_of(us).s, part_text(&told.received), part_text(&told.given), day,
                  part_text(&rest));
        break;
    case WE_TAKE_NO_PART:
        words_add(t, _("Hours of help: %s on %s%s."), part_text(&told.others), day,
                  part_text(&rest));
        break;
    }
    add_others(t, &told);
}

void say_hours_reverse(struct words *t, const struct entry *e, const char *us)
{
    const struct body_hours_reverse *b = &e->hours_reverse;
    const struct short_text ref = ref_text(&b->hours);
    struct told told;

    tell(&told, &b->shares, us);
    switch (told.ours) {
    case WE_RECEIVED:
        words_add(t, _("%s takes back as not received: %s, of the hours recorded in %s."),
                  name_of(us).s, part_text(&told.received), ref.s);
        break;
    case WE_GAVE:
        words_add(t, _("%s takes back as not given: %s, of the hours recorded in %s."),
                  name_of(us).s, part_text(&told.given), ref.s);
        break;
    case WE_DID_BOTH:
        words_add(t,
                  _("%s takes back as not received: %s, and as not given: %s, of the hours "
                    "recorded in %s."),
                  name_of(us).s, part_text(&told.received), part_text(&told.given), ref.s);
        break;
    case WE_TAKE_NO_PART:
        words_add(t, _("Taken back: %s, of the hours recorded in %s."), part_text(&told.others),
                  ref.s);
        break;
    }
    add_others(t, &told);
}

void say_clock_tick(struct words *t, const struct entry *e, const char *us)
{
    (void)us;
    words_add(t,
              ngettext("The log's clock processes %" PRId64 " due moment through %s.",
                       "The log's clock processes %" PRId64 " due moments through %s.",
                       (unsigned long)e->clock_tick.n),
              e->clock_tick.n, moment_text(e->clock_tick.through).s);
}

void say_seal_balances(struct words *t, const struct entry *e, const char *us)
{
    (void)us;
    words_add(t,
              _("The log's clock seals the balances of %" PRId64 " accounts as they stand "
                "after %" PRId64 " entries."),
              e->seal_balances.accounts, e->seal_balances.size);
}

void say_assertion_balance(struct words *t, const struct entry *e, const char *us)
{
    const struct body_assertion_balance *b = &e->assertion_balance;

    (void)us;
    words_add(t,
              _("%s states: it gave %s and received %s; gifts and the pool moved its position by "
                "%s; it has promised %s and is promised %s."),
              NAME(e->by), time_text(b->given_posted).s, time_text(b->received_posted).s,
              time_text(b->moves).s, time_text(b->given_pending).s,
              time_text(b->received_pending).s);
}

void sentence_write(char *out, size_t size, const struct entry *entry, const char *us)
{
#define SAY(suffix, name) [KIND_##suffix] = say_##name,
    static void (*const say[])(struct words *, const struct entry *, const char *) = {KINDS(SAY)};
#undef SAY
    struct words t = {.s = out, .size = size};

    out[0] = '\0';
    say[entry->kind->id](&t, entry, us);
    words_finish(&t);
}
