# SPDX-License-Identifier: MIT
package ifneeded sspi_async 1.0.0 [list source [file join $dir sspi_async.tcl]]
package ifneeded sspi_async::raw 1.0.0 [list source [file join $dir raw.tcl]]
