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

        /// <summary>Submits an operation; the status says whether it was submitted.</summary>
        internal delegate int Begin(ulong call, ulong queue, ulong id);

        /// <summary>
        /// A task whose result finish makes from the outcome. finish runs whenever the call succeeds, because
        /// it owns the outputs. The token stops the operation, not only the wait for it.
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
            // Continuations run elsewhere, so that one that blocks holds up no other call.
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
            if (token.CanBeCanceled) // after the call has settled, its number is invalid
                ending.Set(token.Register(() => Native.sspia_hub_call_cancel(call)));
            return task.Task;
        }

        /// <summary>A call that returns no value when it succeeds.</summary>
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

        /// <summary>Zero or Timeout.InfiniteTimeSpan: no limit, even if the process has a
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

        /// <summary>The registration of a token, which may be disposed before it is set.</summary>
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
