/** What worker-build makes of the feature `probe`, for these tests alone. */
declare module "*/build/probe/index.js" {
  type StepMethod = import("../../dist/boundary/wire.js").StepMethod;
  type Probe = InstanceType<import("../../dist/boundary/wire.js").CoreClass> & {
    probe: StepMethod;
    jws: StepMethod;
    readonly problem: string | undefined;
    memory(): number | Promise<number>;
  };
  export const Core: new (config: import("../../dist/boundary/wire.js").CoreConfig) => Probe;
}
