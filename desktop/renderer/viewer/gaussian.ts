/** Widest Gaussian that is offered, voxels; the shader's loop is as long as its kernel. */
export const MOST_SIGMA_VOX = 5
const REACH_IN_SIGMAS = 3
export const MOST_REACH = MOST_SIGMA_VOX * REACH_IN_SIGMAS

/** How many texels to either side a Gaussian is summed over; 0 where it would change nothing. */
export function reachOf(sigmaTexels: number): number {
  // Beside the middle the weight is then below one step of 8 bit.
  return sigmaTexels < 0.3 ? 0 : Math.min(MOST_REACH, Math.ceil(REACH_IN_SIGMAS * sigmaTexels))
}

/** Covers the target with one triangle. */
export const GAUSSIAN_VERTEX = `#version 300 es
void main() {
  gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);
}`

/**
 * One direction of a separable Gaussian. Weights outside the picture are left out and the rest made to sum to one.
 * The source is a 2D texture, or (`slice` >= 0) the plane of a volume across `axis` at that share of its length.
 */
export const GAUSSIAN_FRAGMENT = `#version 300 es
precision highp float;
precision highp int;
uniform highp sampler2D flatSource;
uniform highp sampler3D volumeSource;
uniform ivec2 size;
uniform ivec2 direction;
uniform int reach;
uniform float sigma;
uniform int axis;
uniform float slice;
out vec4 color;
float valueAt(ivec2 at) {
  vec2 place = (vec2(at) + 0.5) / vec2(size);
  if (slice < 0.0) return texture(flatSource, place).r;
  if (axis == 0) return texture(volumeSource, vec3(slice, place)).r;
  if (axis == 1) return texture(volumeSource, vec3(place.x, slice, place.y)).r;
  return texture(volumeSource, vec3(place, slice)).r;
}
void main() {
  ivec2 here = ivec2(gl_FragCoord.xy);
  float sum = 0.0;
  float weights = 0.0;
  for (int i = -${MOST_REACH}; i <= ${MOST_REACH}; i++) {
    ivec2 at = here + direction * i;
    if (abs(i) > reach || any(lessThan(at, ivec2(0))) || any(greaterThanEqual(at, size))) continue;
    float weight = reach == 0 ? 1.0 : exp(-0.5 * float(i * i) / (sigma * sigma));
    sum += weight * valueAt(at);
    weights += weight;
  }
  color = vec4(sum / weights, 0.0, 0.0, 1.0);
}`
