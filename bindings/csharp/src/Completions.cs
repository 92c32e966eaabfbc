// SPDX-License-Identifier: MIT
using System;
using System.Collections.Concurrent;
using System.Threading;

namespace SspiAsync
{
    /// <summary>
    /// Completions come to one queue of the process. A background thread of ours waits for them and tells
    /// whoever expects one; it begins with the first call. What it tells must not block.
    /// </summary>
    internal static class Completions
    {
        private const int Lot = 256;

        private static readonly ConcurrentDictionary<ulong, Action<int>> Waiting =
            new ConcurrentDictionary<ulong, Action<int>>();
        private static long lastId;

        /// <summary>The queue, and with it the thread: begun by the first who asks.</summary>
        private static readonly Lazy<ulong> TheQueue = new Lazy<ulong>(Begin);

        internal static ulong Queue => TheQueue.Value;

        private static ulong Begin()
        {
            ulong queue = Native.sspia_hub_queue_create();
            if (queue == 0)
                throw new OutOfMemoryException("no queue for completions");
            // mono waits for the thread before it exits, and the thread for the queue.
            AppDomain.CurrentDomain.ProcessExit += (sender, e) => Native.sspia_hub_queue_free(queue);
            var thread = new Thread(() => Drain(queue)) { IsBackground = true, Name = "sspi-async" };
            thread.Start();
            return queue;
        }

        /// <summary>A new id, whose completion is told by heard(status).</summary>
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
                // mono ends the thread so when the process ends, and throws it again.
            }
            catch (Exception problem)
            {
                Sspi.Report(problem);
            }
        }
    }
}
