// SPDX-License-Identifier: MIT
using System;
using System.Runtime.InteropServices;

namespace SspiAsync
{
    /// <summary>The entry point: contexts, and settings of the process.</summary>
    public static class Sspi
    {
        /// <summary>The initiator of a handshake with target, "HTTP@www.example.org".</summary>
        public static SecurityContext Client(string target, ContextOptions options = null)
        {
            return new SecurityContext(false, target, options);
        }

        /// <summary>The acceptor of a handshake.</summary>
        public static SecurityContext Server(ContextOptions options = null)
        {
            return new SecurityContext(true, null, options);
        }

        /// <summary>The names of the packages that can be loaded here.</summary>
        public static string[] Packages()
        {
            Native.Bytes names = default(Native.Bytes);
            SspiException.Check(Library.Find(() => Native.sspia_hub_packages(out names)));
            return Native.TakeText(names).Split(new[] { '\0' }, StringSplitOptions.RemoveEmptyEntries);
        }

        /// <summary>Adds a package: a module file (with "/"), or the module of that name.</summary>
        public static void AddPackage(string name)
        {
            byte[] bytes = Text.ToUtf8(name);
            SspiException.Check(Library.Find(() => Native.sspia_hub_package_add(bytes, Native.Size(bytes))));
        }

        /// <summary>Turns off a package in this process; must be called before the first
        /// credential.</summary>
        public static void TurnOff(string name)
        {
            byte[] bytes = Text.ToUtf8(name);
            SspiException.Check(
                Library.Find(() => Native.sspia_hub_package_turn_off(bytes, Native.Size(bytes))));
        }

        /// <summary>The timeout of each acquire and leg that sets no other;
        /// Timeout.InfiniteTimeSpan means none.</summary>
        public static void SetDefaultTimeout(TimeSpan timeout)
        {
            uint milliseconds = Call.Milliseconds(timeout);
            Library.Find(() =>
            {
                Native.sspia_hub_set_default_deadline(milliseconds);
                return true;
            });
        }

        /// <summary>The version of the loaded library.</summary>
        public static string Version => Library.Find(() => Marshal.PtrToStringAnsi(Native.sspia_hub_version()));

        /// <summary>
        /// Receives an exception that a callback threw; the other callbacks still run. Without a handler, the
        /// exception is written to standard error.
        /// </summary>
        public static event EventHandler<UnhandledExceptionEventArgs> CallbackFailed;

        internal static void Report(Exception problem)
        {
            EventHandler<UnhandledExceptionEventArgs> listeners = CallbackFailed;
            if (listeners != null)
                listeners(null, new UnhandledExceptionEventArgs(problem, false));
            else
                Console.Error.WriteLine("sspi-async: " + problem);
        }
    }
}
