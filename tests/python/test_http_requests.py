# SPDX-License-Identifier: MIT
"""requests with our authentication, against Apache's mod_auth_gssapi."""

from __future__ import annotations

import concurrent.futures

import requests
from http_apache import Apache

from sspi_async.http.requests import REQUIRED, HTTPSPNEGOAuth
from sspi_async.testing import NtlmUsers, Realm


def test_kerberos(web: Apache, krb5_realm: Realm) -> None:
    """Wrong: no page for who has a ticket, or one for another."""
    auth = HTTPSPNEGOAuth(REQUIRED, identity=krb5_realm.client)
    answer = requests.get(web.url("kerberos/page"), auth=auth, timeout=30)
    assert (answer.status_code, answer.text) == (200, "kerberos\n")
    assert answer.headers["X-User"] == f"alice@{krb5_realm.name}"


def test_ntlm(web: Apache, ntlm_users: NtlmUsers) -> None:
    """Wrong: legs that part, or a user that is another."""
    with requests.Session() as session, concurrent.futures.ThreadPoolExecutor(8) as threads:
        session.auth = HTTPSPNEGOAuth(identity=ntlm_users.client())
        answers = list(
            threads.map(lambda _: session.get(web.url("ntlm/page"), timeout=30), range(40))
        )
    for answer in answers:
        assert (answer.status_code, answer.text) == (200, "ntlm\n"), web.log()
        assert answer.headers["X-User"] == "TEST\\alice"
