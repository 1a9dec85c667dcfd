/** What worker-build makes of the feature `probe`, for these tests alone. */
declare module "*/build/probe/index.js" {
  type StepMethod = import("../../dist/wire.js").StepMethod;
  type Probe = InstanceType<import("../../dist/wire.js").CoreClass> & {
    probe: StepMethod;
    jws: StepMethod;
    readonly problem: string | undefined;
    memory(): number | Promise<number>;
  };
  export const Core: new (config: string) => Probe;
}
