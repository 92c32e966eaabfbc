# SPDX-License-Identifier: MIT
# frozen_string_literal: true

# Both sides of a handshake in one program: what each of our languages does in its own way.
#
#     ruby handshake.rb Kerberos
#     ruby handshake.rb NTLM alice TEST PASSWORD USER_FILE
#
# Kerberos uses the tickets and the keytab of whoever runs it, for HTTP@localhost. USER_FILE has
# lines DOMAIN:user:password. The other examples called handshake print the same.
require 'sspi_async'

# Lets each side's token go to the other one; how many legs that took.
def shake_hands(client, server)
  token = client.step
  legs = 1
  until client.complete? && server.complete?
    token = (legs.even? ? client : server).step(token)
    legs += 1
  end
  legs
end

package, user, domain, password, users = ARGV
ours = { user: user, domain: domain, password: password } if user
theirs = { ntlm_user_file: users } if users

client = SspiAsync.client('HTTP@localhost', package: package, identity: ours, timeout: 10)
server = SspiAsync.server(package: package, identity: theirs, timeout: 10)
puts "#{package}: #{shake_hands(client, server)} legs"
puts "the server knows #{server.user_name}"
puts "sealed and opened: #{server.decrypt(client.encrypt('hello'))}"
[client, server].map { |side| Thread.new { side.delete } }.each(&:join)
puts 'deleted'
