export default function Page() {
  return <h1>Adder</h1>;
}
