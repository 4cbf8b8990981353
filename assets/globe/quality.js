/**
 * How many pixels and labels a device can afford: where frames take long, fewer. Pure.
 *
 * @param {{slowS?: number, over?: number, steps?: number[]}} [options] over: frames to average; steps: shares of the
 *   full density
 */
export function createQuality({ slowS = 0.055, over = 20, steps = [1, 0.8, 0.65] } = {}) {
  let step = 0;
  let frames = 0;
  let spentS = 0;
  return {
    share: () => steps[step],
    /** Count a frame. Returns whether the share changed. @param {number} tookS */
    frame(tookS) {
      frames += 1;
      spentS += tookS;
      if (frames < over) return false;
      const slow = spentS / frames > slowS && step < steps.length - 1;
      step += Number(slow);
      [frames, spentS] = [0, 0];
      return slow;
    },
  };
}
