# SPDX-License-Identifier: MIT
# frozen_string_literal: true

# ext/sspi_async/native_wrap.cxx is SWIG's output: `./dev bindings ruby` makes it before the gem, so
# that whoever installs the gem needs no SWIG.
Gem::Specification.new do |spec|
  spec.name = 'sspi-async'
  spec.version = '1.0.0'
  spec.summary = 'Asynchronous SSPI: Kerberos, NTLM, Negotiate and TLS'
  spec.description = 'Handshakes that wait for a KDC without a thread, over the library sspi-async.'
  spec.authors = ['The sspi-async authors']
  spec.license = 'MIT'
  spec.files = Dir['lib/**/*.rb', 'ext/**/*.{rb,cxx}', 'LICENSE']
  spec.extensions = ['ext/sspi_async/extconf.rb']
  spec.required_ruby_version = '>= 3.0'
end
