// What deskpulsed says to whoever started it, as in sysexits.h.
#pragma once

namespace deskpulse {

enum ExitCode {
  kExitOk = 0,
  kExitUsage = 64,        ///< the command line
  kExitNoInput = 66,      ///< a file that should be read is not there or not readable
  kExitUnavailable = 69,  ///< the port is in use, or a thread cannot be made
  kExitSoftware = 70,     ///< a failure of our own that was not foreseen
  kExitCantCreate = 73,   ///< the state directory cannot be used
  kExitIoError = 74,      ///< reading or writing failed underway
  kExitConfig = 78,       ///< the configuration
};

}  // namespace deskpulse
