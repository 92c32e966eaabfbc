// SPDX-License-Identifier: MIT
using System;
using System.Collections.Concurrent;
using System.Threading;

namespace SspiAsync
{
    /// <summary>
    /// All completions go to one queue of the process. A background thread waits for them and calls the
    /// handlers, which must not block. It starts with the first call.
    /// </summary>
    internal static class Completions
    {
        private const int Lot = 256;

        private static readonly ConcurrentDictionary<ulong, Action<int>> Waiting =
            new ConcurrentDictionary<ulong, Action<int>>();
        private static long lastId;

        /// <summary>The queue. The first use creates it, and starts the thread.</summary>
        private static readonly Lazy<ulong> TheQueue = new Lazy<ulong>(Begin);

        internal static ulong Queue => TheQueue.Value;

        private static ulong Begin()
        {
            ulong queue = Native.sspia_hub_queue_create();
            if (queue == 0)
                throw new OutOfMemoryException("no queue for completions");
            // mono waits for the thread before it exits, and the thread waits for the queue.
            AppDomain.CurrentDomain.ProcessExit += (sender, e) => Native.sspia_hub_queue_free(queue);
            var thread = new Thread(() => Drain(queue)) { IsBackground = true, Name = "sspi-async" };
            thread.Start();
            return queue;
        }

        /// <summary>A new id, whose completion calls heard(status).</summary>
        internal static ulong Expect(Action<int> heard)
        {
            var id = (ulong)Interlocked.Increment(ref lastId);
            Waiting[id] = heard;
            return id;
        }

        internal static void Forget(ulong id)
        {
            Action<int> heard;
            Waiting.TryRemove(id, out heard);
        }

        private static void Drain(ulong queue)
        {
            var taken = new Native.Completion[Lot];
            int count;
            while ((count = Native.sspia_hub_queue_take(queue, -1, taken, Lot)) >= 0)
                for (int i = 0; i < count; i++)
                    Tell(taken[i].Id, taken[i].Status);
        }

        private static void Tell(ulong id, int status)
        {
            Action<int> heard;
            if (!Waiting.TryRemove(id, out heard))
                return;
            try
            {
                heard(status);
            }
            catch (ThreadAbortException)
            {
                // mono ends the thread in this way when the process exits, and throws the exception again.
            }
            catch (Exception problem)
            {
                Sspi.Report(problem);
            }
        }
    }
}
