// SPDX-License-Identifier: MIT
using System;
using System.IO;
using System.Runtime.InteropServices;

namespace SspiAsync
{
    /// <summary>
    /// Finds the library: in the folder that SSPI_ASYNC_NATIVES names, then in that of the NuGet package,
    /// then in the system's folders. It is loaded by its path, once; the DllImports find it by its soname.
    /// mono resolves the functions that a method calls when it compiles the method, and never again.
    /// Code that may be the first to call one therefore does so in a separate method, inside Find.
    /// </summary>
    internal static class Library
    {
        internal const string Name = "libsspi-async.so.1";
        private const int RTLD_NOW = 2;

        [DllImport("libc.so.6", EntryPoint = "dlopen")]
        private static extern IntPtr OpenInLibc(string path, int flags);

        [DllImport("libdl.so.2", EntryPoint = "dlopen")]
        private static extern IntPtr OpenInLibdl(string path, int flags);

        static Library()
        {
            string here = Path.GetDirectoryName(typeof(Library).Assembly.Location);
            string machine = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
            string named = Environment.GetEnvironmentVariable("SSPI_ASYNC_NATIVES");
            string[] folders = !string.IsNullOrEmpty(named) ? new[] { named } : new[]
            {
                Path.Combine(here, "runtimes", "linux-" + machine, "native"),
                Path.Combine(here, "..", "..", "runtimes", "linux-" + machine, "native"),
                here,
            };
            foreach (string folder in folders)
            {
                string file = Path.Combine(folder, Name);
                if (!File.Exists(file))
                    continue;
                if (Open(file) == IntPtr.Zero)
                    throw new DllNotFoundException(file + " cannot be loaded; does `ldd` find all that it needs?");
                return;
            }
        }

        /// <summary>Loads the library, and then returns the result of call.</summary>
        internal static T Find<T>(Func<T> call)
        {
            return call();
        }

        /// <summary>Since glibc 2.34 dlopen is in libc.</summary>
        private static IntPtr Open(string file)
        {
            try
            {
                return OpenInLibc(file, RTLD_NOW);
            }
            catch (EntryPointNotFoundException)
            {
                return OpenInLibdl(file, RTLD_NOW);
            }
        }
    }
}
