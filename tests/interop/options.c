/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option names[] = {
    {"package", required_argument, NULL, 'p'},
    {"target", required_argument, NULL, 't'},
    {"principal", required_argument, NULL, 'n'},
    {"message", required_argument, NULL, 'm'},
    {"path", required_argument, NULL, 'a'},
    {"host", required_argument, NULL, 'h'},
    {"port", required_argument, NULL, 'o'},
    {"count", required_argument, NULL, 'N'},
    {"user", required_argument, NULL, 'u'},
    {"domain", required_argument, NULL, 'd'},
    {"password-file", required_argument, NULL, 'w'},
    {"package-list", required_argument, NULL, 'l'},
    {"ccache", required_argument, NULL, 'c'},
    {"keytab", required_argument, NULL, 'k'},
    {"client-keytab", required_argument, NULL, 'K'},
    {"user-file", required_argument, NULL, 'f'},
    {"helper", required_argument, NULL, 'H'},
    {"delegate", no_argument, NULL, 'D'},
    {"no-mutual", no_argument, NULL, 'M'},
    {"no-seal", no_argument, NULL, 'S'},
    {"show-key", no_argument, NULL, 's'},
    {NULL, 0, NULL, 0},
};

static void read_password(struct options *options, const char *path)
{
    FILE *file = fopen(path, "re");

    if (file == NULL || fgets(options->password, sizeof(options->password), file) == NULL) {
        perror(path);
        exit(2);
    }
    fclose(file);
    options->password[strcspn(options->password, "\r\n")] = '\0';
    options->account.Password = (unsigned char *)options->password;
    options->account.PasswordLength = (uint32_t)strlen(options->password);
}

static unsigned char *text(char *argument, uint32_t *length)
{
    *length = (uint32_t)strlen(argument);
    return (unsigned char *)argument;
}

void options_read(struct options *options, int argc, char **argv)
{
    SEC_WINNT_AUTH_IDENTITY_EXA *account = &options->account;
    int letter;

    memset(options, 0, sizeof(*options));
    options->package = (char *)"Negotiate";
    options->message = (char *)"hello";
    options->path = (char *)"/";
    options->host = (char *)"localhost";
    options->flags = ISC_REQ_MUTUAL_AUTH | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT |
                     ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY;
    options->count = 1;
    options->seal = true;
    account->Version = SEC_WINNT_AUTH_IDENTITY_VERSION;
    account->Length = sizeof(*account);
    account->Flags = SEC_WINNT_AUTH_IDENTITY_ANSI;
    options->identity.version = SSPIA_AUTH_IDENTITY_VERSION;
    options->identity.size = sizeof(options->identity);

    while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (letter) {
        case 'p':
            options->package = optarg;
            break;
        case 't':
            options->target = optarg;
            break;
        case 'n':
            options->principal = optarg;
            break;
        case 'm':
            options->message = optarg;
            break;
        case 'a':
            options->path = optarg;
            break;
        case 'h':
            options->host = optarg;
            break;
        case 'o':
            options->port = (uint16_t)strtoul(optarg, NULL, 10);
            break;
        case 'N':
            options->count = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'u':
            account->User = text(optarg, &account->UserLength);
            break;
        case 'd':
            account->Domain = text(optarg, &account->DomainLength);
            break;
        case 'w':
            read_password(options, optarg);
            break;
        case 'l':
            account->PackageList = text(optarg, &account->PackageListLength);
            break;
        case 'c':
            options->identity.credential_cache = optarg;
            break;
        case 'k':
            options->identity.keytab = optarg;
            break;
        case 'K':
            options->identity.client_keytab = optarg;
            break;
        case 'f':
            options->identity.ntlm_user_file = optarg;
            break;
        case 'H':
            options->identity.ntlm_helper = optarg;
            break;
        case 'D':
            options->flags |= ISC_REQ_DELEGATE;
            break;
        case 'M':
            options->flags &= ~ISC_REQ_MUTUAL_AUTH;
            break;
        case 'S':
            options->seal = false;
            break;
        case 's':
            options->show_key = true;
            break;
        default:
            exit(2);
        }
    }
    if (account->User != NULL || account->PackageList != NULL)
        options->identity.identity = account;
}
