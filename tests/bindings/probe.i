/* SPDX-License-Identifier: MIT */
%module probe
%{
#include "probe.h"
%}
%include "probe.h"
