using System.Runtime.InteropServices;

namespace Runbooks.Fleet.Forecasting.Classes;

/// <summary>
/// What one VM did after loads like its last ones: the share of such moments of the last day after which the boundary was
/// crossed. Finds what no average shows, such as two low loads always being followed by a high one.
/// </summary>
/// <param name="ByOne">Moments alike in the last load.</param>
/// <param name="ByTwo">Moments alike in the last two loads.</param>
/// <param name="ByThree">Moments alike in the last three loads.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct LikeBefore(double ByOne, double ByTwo, double ByThree)
{
    /// <summary>Steps that are looked through.</summary>
    private const int Window = 288;

    /// <summary>The usual rate counts as much as so many moments that are exactly alike.</summary>
    private const float Prior = 2;

    /// <summary>A load at the boundary is not below it, whichever way it is kept.</summary>
    private const double Rounding = 1e-5;

    /// <param name="history">The loads so far.</param>
    /// <param name="boundary">The boundary, above the newest load.</param>
    /// <param name="ahead">Steps within which it may be crossed.</param>
    /// <param name="spread">The VM's usual distance from its mean, above 0: what counts as alike is a part of it.</param>
    /// <param name="usual">The rate when no moment was alike, 0 to 1.</param>
    public static LikeBefore In(LoadHistory history, double boundary, int ahead, double spread, double usual)
    {
        Span<float> loads = stackalloc float[Window + 2];
        var until = history.CopyTo(loads) - 2;
        if (until <= 1)
        {
            return new LikeBefore(usual, usual, usual);
        }

        var near = (float)(1 / Math.Max(0.02, spread * 0.3));
        var far = (float)(1 / Math.Max(0.03, spread * 0.6));
        float all1 = Prior, all2 = Prior, all3 = Prior;
        float hit1 = (float)(Prior * usual), hit2 = hit1, hit3 = hit1;

        // The next crossing is carried along: the loop goes back in time, so it is the nearest one after the moment.
        var crossed = int.MinValue;
        for (var ago = 1; ago < until; ago++)
        {
            if (loads[ago - 1] >= boundary - Rounding)
            {
                crossed = ago - 1;
            }

            if (ago < ahead || loads[ago] >= boundary - Rounding)
            {
                continue;
            }

            var came = crossed >= ago - ahead ? 1f : 0;
            var alike1 = Alike((loads[ago] - loads[0]) * near);
            var alike2 = alike1 * Alike((loads[ago + 1] - loads[1]) * far);
            var alike3 = alike2 * Alike((loads[ago + 2] - loads[2]) * far);
            all1 += alike1;
            all2 += alike2;
            all3 += alike3;
            hit1 += alike1 * came;
            hit2 += alike2 * came;
            hit3 += alike3 * came;
        }

        return new LikeBefore(hit1 / all1, hit2 / all2, hit3 / all3);
    }

    private static float Alike(float distance) => 1 / (1 + (distance * distance));
}
