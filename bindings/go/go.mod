module sspi-async/sspi

go 1.21
