// SPDX-License-Identifier: MIT
using System;
using System.Threading;
using System.Threading.Tasks;

namespace SspiAsync
{
    /// <summary>One operation of the library as a task.</summary>
    internal static class Call
    {
        private const int SEC_E_INSUFFICIENT_MEMORY = unchecked((int)0x80090300);
        private const double LongestMs = 0xfffffffe;

        /// <summary>Submits an operation; its status says whether that was done.</summary>
        internal delegate int Begin(ulong call, ulong queue, ulong id);

        /// <summary>
        /// The task of what finish makes of the outcome; finish runs in any case where the call succeeds, as
        /// it owns what came. The token ends the operation, not only the wait for it.
        /// </summary>
        internal static Task<T> Start<T>(Begin begin, TimeSpan? timeout, CancellationToken token,
            Func<Outcome, T> finish)
        {
            if (token.IsCancellationRequested)
                return Task.FromCanceled<T>(token);
            return Library.Find(() => StartFound(begin, timeout, token, finish));
        }

        private static Task<T> StartFound<T>(Begin begin, TimeSpan? timeout, CancellationToken token,
            Func<Outcome, T> finish)
        {
            ulong call = Native.sspia_hub_call_create();
            if (call == 0)
                throw SspiException.Of(SEC_E_INSUFFICIENT_MEMORY, "out of memory");
            // What follows runs elsewhere: a continuation that blocks stops no other call.
            var task = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
            var ending = new Registration();
            ulong id = Completions.Expect(status =>
            {
                ending.Dispose();
                Settle(call, task, token, finish);
            });
            try
            {
                Arm(call, timeout);
                SspiException.Check(begin(call, Completions.Queue, id));
            }
            catch
            {
                Completions.Forget(id);
                Native.sspia_hub_call_free(call);
                throw;
            }
            if (token.CanBeCanceled) // of a call that has settled the number is dead
                ending.Set(token.Register(() => Native.sspia_hub_call_cancel(call)));
            return task.Task;
        }

        /// <summary>A call whose success has no value.</summary>
        internal static Task StartEnd(Begin begin, TimeSpan? timeout = null,
            CancellationToken token = default(CancellationToken))
        {
            return Start(begin, timeout, token, outcome => true);
        }

        private static void Settle<T>(ulong call, TaskCompletionSource<T> task, CancellationToken token,
            Func<Outcome, T> finish)
        {
            try
            {
                var outcome = new Outcome(call);
                if (outcome.Status >= 0)
                {
                    task.TrySetResult(finish(outcome));
                    return;
                }
                Native.Bytes message;
                Native.sspia_hub_call_message(call, out message);
                string why = Native.TakeText(message);
                if (token.IsCancellationRequested)
                    task.TrySetCanceled(token);
                else
                    task.TrySetException(SspiException.Of(outcome.Status, why, outcome));
            }
            catch (Exception problem)
            {
                task.TrySetException(problem);
            }
            finally
            {
                Native.sspia_hub_call_free(call);
            }
        }

        /// <summary>Zero or Timeout.InfiniteTimeSpan: no limit, also where the process has a
        /// default.</summary>
        private static void Arm(ulong call, TimeSpan? timeout)
        {
            if (timeout != null)
                SspiException.Check(Native.sspia_hub_call_set_deadline(call, Milliseconds(timeout.Value)));
        }

        internal static uint Milliseconds(TimeSpan timeout)
        {
            if (timeout == Timeout.InfiniteTimeSpan)
                return 0;
            if (timeout < TimeSpan.Zero)
                throw new ArgumentOutOfRangeException(nameof(timeout), timeout, "a timeout is not negative");
            return (uint)Math.Min(Math.Ceiling(timeout.TotalMilliseconds), LongestMs);
        }

        /// <summary>The registration of a token, which may be gone before it is there.</summary>
        private sealed class Registration : IDisposable
        {
            private CancellationTokenRegistration registration;
            private bool disposed;

            internal void Set(CancellationTokenRegistration made)
            {
                lock (this)
                {
                    registration = made;
                    if (!disposed)
                        return;
                }
                made.Dispose();
            }

            public void Dispose()
            {
                CancellationTokenRegistration made;
                lock (this)
                {
                    disposed = true;
                    made = registration;
                }
                made.Dispose();
            }
        }
    }
}
