# SPDX-License-Identifier: MIT
"""HTTP authentication by Negotiate, Kerberos and NTLM."""
