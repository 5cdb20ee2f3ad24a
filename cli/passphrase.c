/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <uninorm.h>
#include <unistd.h>

#include "cli/i18n.h"
#include "crypto/random.h"
#include "crypto/text.h"

#define TRIES 3

void passphrase_wipe(struct passphrase *p)
{
    secret_wipe(p, sizeof *p);
}

/* Set by the signal handler while a question stands on the terminal. */
static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
    interrupted = signal;
}

/* One line, read a byte at a time so that a descriptor that holds more lines keeps them. */
static bool read_line(int fd, struct passphrase *out)
{
    char c;
    ssize_t got;

    out->n = 0;
    while ((got = read(fd, &c, 1)) != 0) {
        if (got < 0 && errno == EINTR && !interrupted) {
            continue;
        }
        if (got < 0 || (c != '\n' && out->n == PASSPHRASE_MAX)) {
            return false;
        }
        if (c == '\n') {
            break;
        }
        out->s[out->n++] = c;
    }
    if (out->n > 0 && out->s[out->n - 1] == '\r') {
        out->n--;
    }
    out->s[out->n] = '\0';
    return true;
}

static bool normalise(struct passphrase *p)
{
    struct passphrase nfc;
    size_t n = sizeof nfc.s - 1;

    if (!utf8_valid(p->s, p->n)) {
        return false;
    }
    /* With enough room u8_normalize() writes into the buffer and allocates nothing for it. */
    uint8_t *done = u8_normalize(UNINORM_NFC, (const uint8_t *)p->s, p->n, (uint8_t *)nfc.s, &n);
    bool ok = done == (uint8_t *)nfc.s;
    if (ok) {
        memcpy(p->s, nfc.s, n);
        p->n = n;
        p->s[n] = '\0';
    } else if (done != NULL) {
        secret_wipe(done, n);
        free(done);
    }
    passphrase_wipe(&nfc);
    return ok;
}

/* Reads without echo. After Ctrl-C the terminal is as it was before the program ends. */
static bool read_silently(int tty, struct passphrase *out)
{
    struct sigaction catch = {.sa_handler = interrupt}, before;
    struct termios old, silent;

    if (tcgetattr(tty, &old) != 0) {
        return false;
    }
    silent = old;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    interrupted = 0;
    sigaction(SIGINT, &catch, &before);
    tcsetattr(tty, TCSAFLUSH, &silent);
    bool ok = read_line(tty, out);
    tcsetattr(tty, TCSAFLUSH, &old);
    sigaction(SIGINT, &before, NULL);
    dprintf(tty, "\n");
    if (interrupted) {
        passphrase_wipe(out);
        raise(SIGINT);
    }
    return ok;
}

static bool ask_terminal(const char *question, struct passphrase *out)
{
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);

    if (tty < 0) {
        return false;
    }
    dprintf(tty, "%s: ", question);
    bool ok = read_silently(tty, out);
    close(tty);
    return ok;
}

static int from_terminal(const struct ctl *ctl, const char *question, bool twice,
                         struct passphrase *out)
{
    struct passphrase again;

    if (ctl->no_input || !ask_terminal(question, out)) {
        return fail(CTL_PASSPHRASE, _("no passphrase: there is no terminal to ask; use "
                                      "--passphrase-file or --passphrase-fd"));
    }
    if (!twice) {
        return CTL_OK;
    }
    bool same = ask_terminal(_("The same passphrase again"), &again) && normalise(out) &&
                normalise(&again) && again.n == out->n && bytes_equal(again.s, out->s, out->n);
    passphrase_wipe(&again);
    return same ? CTL_OK : fail(CTL_PASSPHRASE, _("the two passphrases differ"));
}

static int from_descriptor(int fd, struct passphrase *out)
{
    if (!read_line(fd, out)) {
        return fail(CTL_PASSPHRASE, _("the passphrase cannot be read, or is longer than %d bytes"),
                    PASSPHRASE_MAX);
    }
    return CTL_OK;
}

int passphrase_get(const struct ctl *ctl, const char *question, bool twice, struct passphrase *out)
{
    int rc;

    memset(out, 0, sizeof *out);
    if (ctl->passphrase_file != NULL) {
        int fd = open(ctl->passphrase_file, O_RDONLY | O_CLOEXEC);
        if (fd < 0) {
            return fail(CTL_PASSPHRASE, _("%s cannot be read: %s"), ctl->passphrase_file,
                        strerror(errno));
        }
        rc = from_descriptor(fd, out);
        close(fd);
    } else if (ctl->passphrase_fd >= 0) {
        rc = from_descriptor(ctl->passphrase_fd, out);
    } else {
        rc = from_terminal(ctl, question, twice, out);
    }
    if (rc == CTL_OK && !normalise(out)) {
        rc = fail(CTL_PASSPHRASE, _("the passphrase is not UTF-8 text"));
    }
    if (rc == CTL_OK && out->n == 0) {
        rc = fail(CTL_PASSPHRASE, _("the passphrase is empty"));
    }
    return rc;
}

int passphrase_fail(const char *name, enum keyfile_err err)
{
    return fail(err == KEYFILE_WRONG ? CTL_PASSPHRASE : CTL_KEY, "%s: %s", name,
                keyfile_strerror(err));
}

int passphrase_unlock(const struct ctl *ctl, const struct keyfile_json *file, const char *name,
                      struct secret_key **out)
{
    bool terminal = ctl->passphrase_file == NULL && ctl->passphrase_fd < 0;
    char question[192];
    struct passphrase p;
    int rc = CTL_OK;

    *out = NULL;
    snprintf(question, sizeof question, _("Passphrase of %.100s"), name);
    for (int i = 0; i < (terminal ? TRIES : 1) && *out == NULL; i++) {
        rc = passphrase_get(ctl, question, false, &p);
        if (rc == CTL_OK) {
            enum keyfile_err err =
                keyfile_open(&file->file, p.s, p.n, file->aad, strlen(file->aad), out);
            rc = err == KEYFILE_OK ? CTL_OK : passphrase_fail(name, err);
        }
        passphrase_wipe(&p);
        if (rc != CTL_OK && rc != CTL_PASSPHRASE) {
            break;
        }
        if (rc == CTL_PASSPHRASE && !can_ask(ctl)) {
            break;
        }
    }
    return rc;
}
