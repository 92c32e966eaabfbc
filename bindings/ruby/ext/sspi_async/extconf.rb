# SPDX-License-Identifier: MIT
# frozen_string_literal: true

require 'mkmf'

pkg_config('sspi-async') or abort 'sspi-async is not installed, or pkg-config does not find it'
$CXXFLAGS << ' -std=c++17'
create_makefile('sspi_async/native')
