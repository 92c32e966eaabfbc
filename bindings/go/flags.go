// SPDX-License-Identifier: MIT

package sspi

// ClientFlags is what an initiator asks for: ISC_REQ_*.
type ClientFlags uint64

const (
	ClientDelegate               ClientFlags = 0x1
	ClientMutualAuth             ClientFlags = 0x2
	ClientReplayDetect           ClientFlags = 0x4
	ClientSequenceDetect         ClientFlags = 0x8
	ClientConfidentiality        ClientFlags = 0x10
	ClientUseDCEStyle            ClientFlags = 0x200
	ClientStream                 ClientFlags = 0x8000
	ClientIntegrity              ClientFlags = 0x10000
	ClientIdentify               ClientFlags = 0x20000
	ClientNoIntegrity            ClientFlags = 0x800000
	ClientManualCredValidation   ClientFlags = 0x80000
	ClientUnverifiedTargetName   ClientFlags = 0x20000000
	ClientMessages               ClientFlags = 0x100000000
	ClientDeferredCredValidation ClientFlags = 0x200000000

	ClientDefaults = ClientMutualAuth | ClientReplayDetect | ClientSequenceDetect |
		ClientConfidentiality | ClientIntegrity
)

// ServerFlags is what an acceptor asks for: ASC_REQ_*.
type ServerFlags uint64

const (
	ServerDelegate             ServerFlags = 0x1
	ServerMutualAuth           ServerFlags = 0x2
	ServerReplayDetect         ServerFlags = 0x4
	ServerSequenceDetect       ServerFlags = 0x8
	ServerConfidentiality      ServerFlags = 0x10
	ServerUseDCEStyle          ServerFlags = 0x200
	ServerStream               ServerFlags = 0x10000
	ServerIntegrity            ServerFlags = 0x20000
	ServerIdentify             ServerFlags = 0x80000
	ServerProxyBindings        ServerFlags = 0x4000000
	ServerAllowMissingBindings ServerFlags = 0x10000000

	ServerDefaults = ServerReplayDetect | ServerSequenceDetect | ServerConfidentiality |
		ServerIntegrity
)
